import type { Writable } from 'node:stream';

/** The body of an answer that goes to the socket by itself, past the web streams, which cost a copy of the time. */
export interface DirectBody {
  /** The head has left. Writes the body and ends it; `to` closes when the client goes away. */
  send(to: Writable): void;
  /** Another answer took its place: nothing will be sent. */
  drop(): void;
}
