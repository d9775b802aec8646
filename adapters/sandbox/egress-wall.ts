import type { EgressEntry, EgressRule } from '../../contracts/pipeline/egress.ts';
import type { Opening } from './egress-openings.ts';
import { runTool } from './run-tool.ts';

/** The packet filter of one network: what it forbids, what a list opens, and what the kernel counted of it. */
export interface EgressWall {
  /** null: everything that is not forbidden */
  judgeBy(rules: readonly EgressRule[] | null): Promise<void>;
  /** Opens addresses for the names of a list, in one run of `nft`. */
  open(openings: readonly Opening[]): Promise<void>;
  /** What was counted since `forget`. */
  read(): Promise<{ entries: EgressEntry[]; isCut: boolean }>;
  /** Begins to count anew. */
  forget(): Promise<void>;
}

/** More are not counted; the kernel keeps each set that small. */
const setSize = 1024;
const counted = `{ type ipv4_addr . inet_proto . inet_service; size ${String(setSize)}; flags dynamic; counter; }`;
const counts: readonly string[] = ['begun', 'refused', 'sent', 'received'];
const there = 'ip daddr . meta l4proto . th dport';

/**
 * The kernel counts by itself: nothing of ours stands in the way of a packet. `forbidden` goes before any list; of what
 * runs in the network nothing has the right to change this.
 */
function wallText(forbidden: readonly string[], excepted: readonly string[]): string {
  return `table inet slipway {
  ${ranges('forbidden', forbidden)}
  ${ranges('excepted', excepted)}
  set opened { type ipv4_addr . inet_service; }
  set opened_whole { type ipv4_addr; }
  set begun ${counted}
  set refused ${counted}
  set sent ${counted}
  set received ${counted}
  chain refuse {
    meta l4proto { tcp, udp } update @refused { ${there} }
    meta l4proto tcp reject with tcp reset
    reject with icmpx admin-prohibited
  }
  chain let {
    meta l4proto { tcp, udp } update @begun { ${there} }
    meta l4proto { tcp, udp } update @sent { ${there} }
    accept
  }
  chain judge { goto let; }
  chain out {
    type filter hook output priority filter; policy drop;
    oifname "lo" ip daddr { 127.0.0.0/8, 10.0.2.0/24 } accept
    oifname "lo" ip6 daddr ::1 accept
    ct state established,related meta l4proto { tcp, udp } update @sent { ${there} } accept
    ct state established,related accept
    ip daddr @excepted goto judge
    ip daddr @forbidden goto refuse
    meta nfproto ipv4 goto judge
    goto refuse
  }
  chain in {
    type filter hook input priority filter; policy accept;
    ct direction reply meta l4proto { tcp, udp } iifname != "lo" update @received { ip saddr . meta l4proto . th sport }
  }
}
`;
}

function ranges(name: string, all: readonly string[]): string {
  const held = all.length === 0 ? '' : ` elements = { ${all.join(', ')} };`;
  return `set ${name} { type ipv4_addr; flags interval; auto-merge;${held} }`;
}

/** Puts the wall up in a network. */
export async function raiseWall(
  enter: readonly string[],
  forbidden: readonly string[],
  excepted: readonly string[],
): Promise<EgressWall> {
  const nft = async (text: string): Promise<void> => {
    const done = await runTool('nsenter', [...enter, '--', 'nft', '-f', '-'], { input: text });
    if (done.code !== 0) throw new Error(`nft: ${done.stderr.trim().split('\n')[0] ?? ''}`);
  };
  await nft(wallText(forbidden, excepted));
  return {
    judgeBy: (rules) => nft(judgeText(rules)),
    open: (openings) => nft(openings.map(openText).join('')),
    read: async () => {
      const list = [...enter, '--', 'nft', '-j', 'list', 'table', 'inet', 'slipway'];
      const { code, stdout, stderr } = await runTool('nsenter', list);
      if (code !== 0) throw new Error(`nft: ${stderr.trim()}`);
      return readCounts(stdout);
    },
    forget: () => nft(counts.map((name) => `flush set inet slipway ${name}\n`).join('')),
  };
}

function judgeText(rules: readonly EgressRule[] | null): string {
  const lines = [
    'flush set inet slipway opened',
    'flush set inet slipway opened_whole',
    'flush chain inet slipway judge',
  ];
  const add = (rule: string): number => lines.push(`add rule inet slipway judge ${rule}`);
  if (rules === null) add('goto let');
  else {
    for (const rule of rules) {
      if (rule.kind !== 'range') continue;
      const ports = rule.ports.length === 0 ? '' : ` th dport { ${rule.ports.join(', ')} }`;
      add(`ip daddr ${rule.range} meta l4proto { tcp, udp }${ports} goto let`);
    }
    add('meta l4proto { tcp, udp } ip daddr . th dport @opened goto let');
    add('meta l4proto { tcp, udp } ip daddr @opened_whole goto let');
    add('goto refuse');
  }
  return lines.join('\n') + '\n';
}

/** Two sets, not ranges in one: many names have one address, and the kernel refuses a port within an opened range. */
function openText({ address, ports }: Opening): string {
  if (ports.length === 0) return `add element inet slipway opened_whole { ${address} }\n`;
  const elements = ports.map((port) => `${address} . ${String(port)}`).join(', ');
  return `add element inet slipway opened { ${elements} }\n`;
}

interface ListedElement {
  elem: { val: { concat: [string, string, number | string] }; counter: Counter };
}
interface Counter {
  packets: number;
  bytes: number;
}
interface Listing {
  nftables: { set?: { name: string; elem?: ListedElement[] } }[];
}

function readCounts(json: string): { entries: EgressEntry[]; isCut: boolean } {
  const sets = new Map<string, Map<string, Counter>>();
  for (const { set } of (JSON.parse(json) as Listing).nftables) {
    if (set === undefined || !counts.includes(set.name)) continue;
    const listed = (set.elem ?? []).map(
      ({ elem }) => [elem.val.concat.join(' '), elem.counter] as const,
    );
    sets.set(set.name, new Map(listed));
  }
  const bytes = (name: string, key: string): number => sets.get(name)?.get(key)?.bytes ?? 0;
  const entries: EgressEntry[] = [];
  for (const [name, allowed] of [
    ['refused', false],
    ['begun', true],
  ] as const) {
    for (const [key, { packets }] of sets.get(name) ?? []) {
      const [target = '', protocol, port] = key.split(' ');
      entries.push({
        ...{ kind: 'address', target, port: Number(port), names: [], allowed, count: packets },
        // A machine without /etc/protocols has the number.
        protocol: protocol === 'udp' || protocol === '17' ? 'udp' : 'tcp',
        sentBytes: allowed ? bytes('sent', key) : null,
        receivedBytes: allowed ? bytes('received', key) : null,
      });
    }
  }
  return { entries, isCut: [...sets.values()].some((listed) => listed.size >= setSize) };
}
