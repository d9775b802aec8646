import type { ByteStream } from '../../contracts/git/store.ts';
import { DomainError } from '../../contracts/problems.ts';

/** More than the hooks' own limit, so that a list that is merely long is refused by them, in words. */
const maxCommandBytes = 16 * 1024 * 1024;

function tooManyCommands(): DomainError {
  return new DomainError('body_too_large', 'The list of refs of this push is too long.');
}

/** Cuts the packets of a list of commands, and of the options behind it, out of chunks, wherever these are cut. */
class CommandReader {
  /** of commands, and of options where the client has announced them; each ends with a flush packet */
  private listsLeft = 1;
  private header = '';
  private left = 0;
  private packet: Uint8Array[] = [];
  private readonly onCapabilities: (capabilities: string[]) => void;
  private isTold = false;

  constructor(onCapabilities: (capabilities: string[]) => void) {
    this.onCapabilities = onCapabilities;
  }

  /** false after the flush packet that ends the last list, or something that git will refuse by itself */
  get inCommands(): boolean {
    return this.listsLeft > 0;
  }

  read(chunk: Uint8Array): void {
    for (let at = 0; this.inCommands && at < chunk.length;) {
      if (this.left > 0) {
        const part = chunk.subarray(at, at + this.left);
        at += part.length;
        this.take(part);
        continue;
      }
      this.header += String.fromCharCode(chunk[at] ?? 0);
      at += 1;
      if (this.header.length < 4) continue;
      const length = /^[0-9a-f]{4}$/iu.test(this.header) ? Number.parseInt(this.header, 16) : 0;
      if (length < 4) this.listsLeft -= 1;
      this.left = Math.max(0, length - 4);
      this.header = '';
    }
  }

  /** What the client asks for stands behind the first command's name, after a zero byte. */
  private take(part: Uint8Array): void {
    this.left -= part.length;
    if (this.isTold) return;
    this.packet.push(part);
    if (this.left > 0) return;
    const text = Buffer.concat(this.packet).toString('latin1');
    this.packet = [];
    const zero = text.indexOf('\0');
    if (zero === -1) return;
    this.isTold = true;
    const capabilities = text
      .slice(zero + 1)
      .trim()
      .split(' ');
    if (capabilities.includes('push-options')) this.listsLeft += 1;
    this.onCapabilities(capabilities);
  }
}

/**
 * Passes a push request on, and fails when its list of refs (the packets before the first flush packet) and its options
 * (those before the second) are too long: git would hold all of it in memory, and no limit of git's own counts it.
 * @param onCapabilities told what the client asks for (`atomic`, `report-status` …) before git has all of its list
 */
export async function* limitCommands(
  input: ByteStream,
  onCapabilities: (capabilities: string[]) => void,
): AsyncGenerator<Uint8Array> {
  const reader = new CommandReader(onCapabilities);
  let seen = 0;
  for await (const chunk of input) {
    reader.read(chunk);
    if (reader.inCommands) {
      seen += chunk.length;
      if (seen > maxCommandBytes) throw tooManyCommands();
    }
    yield chunk;
  }
}

/** Passes bytes on and fails with `body_too_large` when there are more than `maxBytes`. */
export async function* limitBytes(input: ByteStream, maxBytes: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of input) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new DomainError('body_too_large', 'The request is too large.');
    yield chunk;
  }
}
