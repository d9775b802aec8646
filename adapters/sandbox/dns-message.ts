/** What has to be read of a DNS message (RFC 1035), no more; what cannot be read is null, never a guess. */

export interface DnsQuestion {
  /** lower case, without the last dot; what is not a letter, digit, `-`, `_` or `.` is shown as `?` */
  name: string;
  type: number;
  /** where the question ends in the message */
  end: number;
}

/** Why a query is not passed on: 4 that is not done here, 5 refused. */
export interface DnsRefusal {
  code: 4 | 5;
  /** what it asked for besides its name: `opcode 5`, `type 252` */
  what: string;
}

const headerBytes = 12;
const [typeA, typeOpt] = [1, 41];
const classInternet = 1;
/**
 * A, NS, CNAME, SOA, PTR, MX, TXT, AAAA, SRV, NAPTR, SSHFP, TLSA, SVCB, HTTPS, CAA: what programs look up. No transfer of a
 * zone, nor ANY.
 */
const lookedUp = new Set([typeA, 2, 5, 6, 12, 15, 16, 28, 33, 35, 44, 52, 64, 65, 257]);

/** The only question of a message, be it a query or an answer to one. */
export function readQuestion(message: Buffer): DnsQuestion | null {
  if (message.length < headerBytes || message.readUInt16BE(4) !== 1) return null;
  const labels: string[] = [];
  let at = headerBytes;
  for (;;) {
    const length = message[at];
    // A question has no pointers: nothing stands before it that one could lead to.
    if (length === undefined || length > 63) return null;
    at += 1;
    if (length === 0) break;
    if (at + length > message.length) return null;
    labels.push(message.toString('latin1', at, at + length));
    at += length;
    if (at > headerBytes + 255) return null;
  }
  if (at + 4 > message.length) return null;
  const name = labels
    .join('.')
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]/g, '?');
  return { name, type: message.readUInt16BE(at), end: at + 4 };
}

/**
 * A query of which only a look-up in the internet's class is passed on: an update (RFC 2136), a notification or the
 * transfer of a zone would be this machine's, whose address may do more than a step. null: nothing to answer.
 */
export function readQuery(
  message: Buffer,
): { question: DnsQuestion; refusal: DnsRefusal | null } | null {
  const question = readQuestion(message);
  if (question === null || (message.readUInt16BE(2) & 0x8000) !== 0) return null;
  return { question, refusal: refusalOf(message, question) };
}

function refusalOf(query: Buffer, { type, end }: DnsQuestion): DnsRefusal | null {
  const opcode = (query.readUInt16BE(2) >> 11) & 15;
  if (opcode !== 0) return { code: 4, what: `opcode ${String(opcode)}` };
  const asked = query.readUInt16BE(end - 2);
  if (asked !== classInternet) return { code: 5, what: `class ${String(asked)}` };
  if (!lookedUp.has(type)) return { code: 5, what: `type ${String(type)}` };
  // Answers and authorities, which a look-up has none of.
  return query.readUInt32BE(6) === 0 ? null : { code: 5, what: 'with records' };
}

/** The look-up of a query made anew: its id and question, and the size of an answer that is taken; nothing else of it. */
export function lookUpOf(query: Buffer, { end }: DnsQuestion): Buffer {
  const made = Buffer.from(query.subarray(0, end));
  const recursionDesired = 0x0100;
  made.writeUInt16BE(recursionDesired, 2);
  made.fill(0, 6, headerBytes);
  // The first of the additional records, of the root (RFC 6891).
  const hasOpt = query.length >= end + 11 && query[end] === 0;
  if (!hasOpt || query.readUInt16BE(10) === 0 || query.readUInt16BE(end + 1) !== typeOpt) {
    return made;
  }
  made.writeUInt16BE(1, 10);
  const record = Buffer.alloc(11);
  record.writeUInt16BE(typeOpt, 1);
  record.writeUInt16BE(Math.min(query.readUInt16BE(end + 3), 4096), 3);
  return Buffer.concat([made, record]);
}

/** The IPv4 addresses among the answers. */
export function readAddresses(message: Buffer): string[] {
  const question = readQuestion(message);
  if (question === null) return [];
  const found: string[] = [];
  let at = question.end;
  for (let left = message.readUInt16BE(6); left > 0; left -= 1) {
    at = skipName(message, at);
    if (at < 0 || at + 10 > message.length) return found;
    const [type, length] = [message.readUInt16BE(at), message.readUInt16BE(at + 8)];
    at += 10;
    if (at + length > message.length) return found;
    if (type === typeA && length === 4) found.push([...message.subarray(at, at + 4)].join('.'));
    at += length;
  }
  return found;
}

function skipName(message: Buffer, from: number): number {
  for (let at = from; ;) {
    const length = message[at];
    if (length === undefined) return -1;
    if (length >= 0xc0) return at + 2;
    if (length > 63) return -1;
    at += 1 + length;
    if (length === 0) return at;
  }
}

/** An answer without records: 2 the server failed, 3 there is no such name, 4 and 5 as of a `DnsRefusal`. */
export function emptyAnswer(query: Buffer, question: DnsQuestion, code: 2 | 3 | 4 | 5): Buffer {
  const answer = Buffer.from(query.subarray(0, question.end));
  // A response to this opcode, recursion wanted as asked and available.
  answer.writeUInt16BE(0x8080 | (query.readUInt16BE(2) & 0x7900) | code, 2);
  answer.writeUInt16BE(1, 4);
  answer.fill(0, 6, headerBytes);
  return answer;
}
