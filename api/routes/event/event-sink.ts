import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';

/** Text for many clients: encoded once, and once more as one chunk of a chunked body (RFC 9112, section 7.1). */
export interface SharedBytes {
  plain: Buffer;
  framed: Buffer;
}

export function shareText(text: string): SharedBytes {
  const plain = Buffer.from(text);
  const size = Buffer.from(`${plain.length.toString(16)}\r\n`);
  return { plain, framed: Buffer.concat([size, plain, Buffer.from('\r\n')]) };
}

/**
 * Where a stream's bytes go. With a socket they go to it as they are, the same buffer for every client: the answer's own
 * `write` would make three pieces of each, a thousand times over.
 */
export class EventSink {
  private readonly to: Writable;
  private readonly socket: Socket | null;

  constructor(to: Writable) {
    this.to = to;
    const chunked = to instanceof ServerResponse && to.chunkedEncoding;
    this.socket = chunked ? to.socket : null;
    if (to instanceof ServerResponse) {
      // A stream lasts for hours, and nobody asks any more what its request said.
      const request = to.req as IncomingMessage;
      request.rawHeaders = [];
      request.headers = {};
    }
  }

  /** bytes that the client has not taken yet */
  get waiting(): number {
    return (this.socket ?? this.to).writableLength;
  }

  write(bytes: SharedBytes): void {
    if (this.socket === null) this.to.write(bytes.plain);
    else this.socket.write(bytes.framed);
  }

  onceDrained(callback: () => void): void {
    (this.socket ?? this.to).once('drain', callback);
  }

  end(): void {
    this.to.end();
  }
}
