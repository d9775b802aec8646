import {
  maxEgressEntries,
  type EgressEntry,
  type EgressRecord,
  type EgressRule,
} from '../../contracts/pipeline/egress.ts';
import { serveNames, type NamesOptions } from './egress-names.ts';
import { raiseWall } from './egress-wall.ts';
import { runTool } from './run-tool.ts';

/** What one network lets out, and what was asked of it. */
export interface NetworkEgress {
  /** Before anything uses the network. null: everything that is not forbidden. */
  begin(rules: readonly EgressRule[] | null): Promise<void>;
  /** After the last process is gone: what was asked. */
  end(): Promise<EgressRecord>;
  /** Before it is used again: it has counted nothing. Apart from `end`, for nobody has to wait for it. */
  renew(): Promise<void>;
  close(): void;
}

/** Why there can be no walls on this machine, or null. */
export async function missingForEgress(asRoot: boolean): Promise<string | null> {
  const words = [asRoot ? '-n' : '-rn', 'nft', '-f', '-'];
  const input =
    'table inet t { set s { type ipv4_addr . inet_proto . inet_service; size 8; flags dynamic; counter; }\n' +
    'chain c { type filter hook output priority filter; ct state new reject with icmpx admin-prohibited; }\n}\n';
  const tried = await runTool('unshare', words, { input }).catch(() => null);
  if (tried?.code === 0) return null;
  const said = tried?.stderr.trim().split('\n')[0] ?? '';
  return /not found|No such file|failed to execute/.test(said)
    ? 'nft is not installed (Debian, Ubuntu: apt install nftables)'
    : `nft does not work here: ${said}`;
}

/** Puts the wall into a network, and a name server behind sockets that were opened there. */
export async function openEgress(
  enter: readonly string[],
  sockets: NamesOptions['sockets'],
  ranges: { forbidden: readonly string[]; excepted: readonly string[] },
): Promise<NetworkEgress> {
  const wall = await raiseWall(enter, ranges.forbidden, ranges.excepted);
  const names = serveNames({ sockets, open: wall.open });
  let isListed = false;
  return {
    begin: async (rules) => {
      if (rules === null && !isListed) return;
      isListed = rules !== null;
      await names.judgeBy(rules);
      await wall.judgeBy(rules);
    },
    end: async () => {
      const asked = names.take();
      const seen = await wall.read();
      const entries = [
        ...asked.entries,
        ...seen.entries.map((entry) => ({
          ...entry,
          names: asked.namesOf.get(entry.target) ?? [],
        })),
      ].sort(refusedFirst);
      return {
        entries: entries.slice(0, maxEgressEntries),
        isCut: asked.isCut || seen.isCut || entries.length > maxEgressEntries,
      };
    },
    renew: () => wall.forget(),
    close: () => names.close(),
  };
}

function refusedFirst(a: EgressEntry, b: EgressEntry): number {
  return Number(a.allowed) - Number(b.allowed) || b.count - a.count;
}
