import { isOutOfSpace } from './git-process.ts';

/** Of what git has said, this much is looked at. */
const maxSaidChars = 16_384;
const flush = '0000';
/** First byte of each packet where the client reads several bands: data, words for its terminal, fatal words. */
const bands = { words: 2, last: 3 } as const;

const fullDisk =
  'The disk of the repositories is full (disk_full): what is refused here was not taken. Whoever runs Slipway has to make room.';
const noQuarantine =
  'Slipway could not write to this repository: its disk is full, or it may not write there. Whoever runs it has to look.';

/** What a pusher is told on top of git's words, which are of the server's own files. */
export function explainAnswer(said: string): string[] {
  if (isOutOfSpace(said)) return [fullDisk];
  return said.includes('unable to create temporary object directory') ? [noQuarantine] : [];
}

/** Reads the answer of git to a push, and adds lines for the pusher's terminal before the packet that ends it. */
export class AnswerWriter {
  private held: Buffer = Buffer.alloc(0);
  private said = '';
  private isPlain = false;
  private readonly explain: (said: string) => readonly string[];

  constructor(explain: (said: string) => readonly string[]) {
    this.explain = explain;
  }

  /** What of the answer can go out now. */
  write(chunk: Buffer): Buffer {
    if (this.isPlain) return chunk;
    this.held = this.held.length === 0 ? chunk : Buffer.concat([this.held, chunk]);
    const out: Buffer[] = [];
    while (this.held.length >= 4 && !this.isPlain) {
      const header = this.held.toString('latin1', 0, 4);
      const length = header === flush ? 4 : Number.parseInt(header, 16);
      if (this.held.length < length) break;
      const packet = this.held.subarray(0, length);
      this.isPlain = !this.isBanded(packet);
      if (this.isPlain) break;
      if (header === flush) out.push(...this.explain(this.said).map(wordsPacket));
      else this.said = (this.said + packet.toString('latin1', 5)).slice(-maxSaidChars);
      out.push(packet);
      this.held = this.held.subarray(length);
    }
    if (this.isPlain) out.push(this.end());
    return Buffer.concat(out);
  }

  /** What is left of an answer that was cut short. */
  end(): Buffer {
    const { held } = this;
    this.held = Buffer.alloc(0);
    return held;
  }

  /** An older client reads no bands: its answer is left as it is. */
  private isBanded(packet: Buffer): boolean {
    if (packet.length === 4) return packet.toString('latin1') === flush;
    const band = packet[4] ?? 0;
    return band >= 1 && band <= bands.last;
  }
}

function wordsPacket(line: string): Buffer {
  const words = Buffer.from(`\n${line}\n`);
  const length = (words.length + 5).toString(16).padStart(4, '0');
  return Buffer.concat([Buffer.from(length), Buffer.of(bands.words), words]);
}
