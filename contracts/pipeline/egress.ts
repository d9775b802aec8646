/*
 * What steps may reach over the network, and what they asked for. A project's allow-list is lines of text:
 * `registry.example.org`, `*.example.org:443`, `203.0.113.7:22`, `198.51.100.0/24:443,8443`. Without a list a step reaches
 * every public address; with one nothing but what a line names. What is closed to every step (the host, private ranges)
 * no line opens.
 */

/** A line of an allow-list, taken apart. */
export type EgressRule =
  | { kind: 'name'; name: string; below: boolean; ports: number[] }
  | { kind: 'range'; range: string; ports: number[] };

/** Something that a step asked for, and what came of it. */
export interface EgressEntry {
  /** `name`: the resolver was asked for it; `address`: a connection or a datagram went there or would have */
  kind: 'name' | 'address';
  target: string;
  /** of an address */
  protocol: 'tcp' | 'udp' | null;
  port: number | null;
  /** of an address: the names asked for that led to it */
  names: string[];
  allowed: boolean;
  /** questions, or connections begun */
  count: number;
  sentBytes: number | null;
  receivedBytes: number | null;
}

export interface EgressRecord {
  entries: EgressEntry[];
  /** true when there was more than is kept */
  isCut: boolean;
}

/** More is not kept of one attempt of a step. */
export const maxEgressEntries = 500;
/** Lines of an allow-list. */
export const maxEgressRules = 200;

const label = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const namePattern = new RegExp(`^(\\*\\.)?(${label}(?:\\.${label})*)$`);
const rangePattern = /^(\d{1,3}(?:\.\d{1,3}){3})(?:\/(\d{1,2}))?$/;

/** Takes a line apart. @returns what is wrong with it, as a text, when it is none */
export function parseEgressRule(line: string): EgressRule | string {
  const [target = '', portText, ...rest] = line.trim().toLowerCase().split(':');
  if (rest.length > 0) return 'has more than one colon (IPv6 is not available to steps)';
  const ports = portText === undefined ? [] : portText.split(',').map(toPort);
  if (ports.includes(0)) return 'has a port that is no number from 1 to 65535';
  const range = rangePattern.exec(target);
  if (range !== null) {
    const [, address = '', bits = '32'] = range;
    if (address.split('.').some((part) => Number(part) > 255)) return 'is no IPv4 address';
    if (Number(bits) > 32) return 'has a prefix of more than 32 bits';
    return { kind: 'range', range: `${address}/${String(Number(bits))}`, ports };
  }
  const name = namePattern.exec(target);
  if (name === null || target.length > 253) {
    return 'is no name, *.name, IPv4 address or range such as 198.51.100.0/24';
  }
  return { kind: 'name', name: name[2] ?? '', below: name[1] !== undefined, ports };
}

function toPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port > 65_535 ? 0 : port;
}

/** The rules that open a name. */
export function rulesForName(rules: readonly EgressRule[], asked: string): EgressRule[] {
  const name = asked.toLowerCase().replace(/\.$/, '');
  return rules.filter(
    (rule) =>
      rule.kind === 'name' && (rule.below ? name.endsWith(`.${rule.name}`) : name === rule.name),
  );
}

const shownRefusals = 20;

/** What was asked for in vain, a line each, for the log of the step. */
export function describeRefusals({ entries }: EgressRecord): string[] {
  const refused = entries.filter((entry) => !entry.allowed);
  const lines = refused.slice(0, shownRefusals).map((entry) => {
    const times = entry.count === 1 ? '' : `, ${String(entry.count)} times`;
    return `not allowed to reach ${describe(entry)}${times}`;
  });
  const more = refused.length - lines.length;
  return more > 0 ? [...lines, `and ${String(more)} more: see its record of the network`] : lines;
}

/** `example.org`, `203.0.113.7:25 (tcp)`. */
function describe(entry: EgressEntry): string {
  if (entry.kind === 'name') return entry.target;
  const names = entry.names.length === 0 ? '' : `, ${entry.names.join(', ')}`;
  return `${entry.target}:${String(entry.port)} (${entry.protocol ?? ''}${names})`;
}
