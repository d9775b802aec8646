/** What has to be read of a DNS message (RFC 1035), no more; what cannot be read is null, never a guess. */

export interface DnsQuestion {
  /** lower case, without the last dot; what is not a letter, digit, `-`, `_` or `.` is shown as `?` */
  name: string;
  type: number;
  /** where the question ends in the message */
  end: number;
}

const headerBytes = 12;
const typeA = 1;

/** The only question of a query. */
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

/** An answer without records: 2 the server failed, 3 there is no such name. */
export function emptyAnswer(query: Buffer, question: DnsQuestion, code: 2 | 3): Buffer {
  const answer = Buffer.from(query.subarray(0, question.end));
  // A response, recursion wanted as asked and available.
  answer.writeUInt16BE(0x8080 | (query.readUInt16BE(2) & 0x0100) | code, 2);
  answer.writeUInt16BE(1, 4);
  answer.fill(0, 6, headerBytes);
  return answer;
}
