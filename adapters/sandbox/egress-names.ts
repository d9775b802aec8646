import type { Socket as Datagrams } from 'node:dgram';
import type { Server, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  maxEgressEntries,
  rulesForName,
  type EgressEntry,
  type EgressRule,
} from '../../contracts/pipeline/egress.ts';
import {
  emptyAnswer,
  lookUpOf,
  readAddresses,
  readQuery,
  type DnsQuestion,
} from './dns-message.ts';
import { askUpstream, framed } from './dns-upstream.ts';
import { createOpenings, type Opening, type Openings } from './egress-openings.ts';
import { createPace } from './pace.ts';

export interface NamesOptions {
  sockets: { udp: Datagrams; tcp: Server };
  /** Before the addresses of an allowed name are told they are opened. */
  open: (openings: readonly Opening[]) => Promise<void>;
  ask?: typeof askUpstream;
}

/** The name server of one network: it writes down what is asked, and answers what the rules allow. */
export interface NameServer {
  /** Settles when nothing is being opened any more for what went before. */
  judgeBy(rules: readonly EgressRule[] | null): Promise<void>;
  /** What was asked since the last time, and which names led to which address. */
  take(): { entries: EgressEntry[]; namesOf: Map<string, string[]>; isCut: boolean };
  close(): void;
}

const mostPending = 256;
const mostTcp = 32;
/** What a build asks at most, with room; each question is work of the worker's own process. */
const questions = { atOnce: 1000, perSecond: 200 } as const;

/** Serves from now on. Look-ups go on to the name servers of this machine, and nothing else does. */
export function serveNames(options: NamesOptions): NameServer {
  const server = new Names(options);
  const { udp, tcp } = options.sockets;
  udp.on('error', () => undefined);
  udp.on('message', (query, from) => {
    // Whoever asks over UDP asks again.
    if (!server.mayAsk()) return;
    // Nothing that is asked may end our process.
    void server.answer(query, 'udp').then(
      (answer) => {
        if (answer !== null && from.port !== 0)
          udp.send(answer, from.port, from.address, () => undefined);
      },
      () => undefined,
    );
  });
  tcp.maxConnections = mostTcp;
  tcp.on('error', () => undefined).on('connection', (socket) => server.converse(socket));
  return server;
}

class Names implements NameServer {
  readonly #options: NamesOptions;
  #rules: readonly EgressRule[] | null = null;
  #asked = new Map<string, { allowed: boolean; count: number }>();
  #namesOf = new Map<string, Set<string>>();
  readonly #openings: Openings;
  #pace = createPace(questions);
  #isCut = false;
  #pending = 0;

  constructor(options: NamesOptions) {
    this.#options = options;
    this.#openings = createOpenings(options.open);
  }

  judgeBy(rules: readonly EgressRule[] | null): Promise<void> {
    this.#rules = rules;
    return this.#openings.forget();
  }

  /** False for a question too many, of which the record then says that there was more. */
  mayAsk(): boolean {
    const may = this.#pace.take();
    this.#isCut ||= !may;
    return may;
  }

  take(): ReturnType<NameServer['take']> {
    const entries = [...this.#asked].map(([target, { allowed, count }]): EgressEntry => ({
      ...{ kind: 'name', target, protocol: null, port: null, names: [], allowed, count },
      ...{ sentBytes: null, receivedBytes: null },
    }));
    const namesOf = new Map([...this.#namesOf].map(([address, names]) => [address, [...names]]));
    const isCut = this.#isCut;
    this.#asked = new Map();
    this.#namesOf = new Map();
    this.#pace = createPace(questions);
    this.#isCut = false;
    return { entries, namesOf, isCut };
  }

  close(): void {
    this.#options.sockets.udp.close();
    this.#options.sockets.tcp.close();
  }

  /** null: not worth an answer. */
  async answer(query: Buffer, by: 'udp' | 'tcp'): Promise<Buffer | null> {
    const read = readQuery(query);
    if (read === null || this.#pending >= mostPending) return null;
    const { question, refusal } = read;
    if (refusal !== null) {
      this.#note(`${question.name} (${refusal.what})`, false);
      return emptyAnswer(query, question, refusal.code);
    }
    const rules = this.#rules;
    const opening = rules === null ? null : rulesForName(rules, question.name);
    const allowed = opening === null || opening.length > 0;
    this.#note(question.name, allowed);
    if (!allowed) return emptyAnswer(query, question, 3);
    this.#pending += 1;
    try {
      const answer = await (this.#options.ask ?? askUpstream)(lookUpOf(query, question), by);
      // The step that asked may be gone: what its list opened must not be opened for the next one.
      if (answer === null || rules !== this.#rules) return emptyAnswer(query, question, 2);
      await this.#remember(question, answer, opening);
      return answer;
    } catch {
      return emptyAnswer(query, question, 2);
    } finally {
      this.#pending -= 1;
    }
  }

  /**
   * Questions over TCP, one after another. Nothing more is read until what was read is answered and the answers are taken,
   * so that nobody fills our memory.
   */
  converse(socket: Socket): void {
    let rest: Buffer = Buffer.alloc(0);
    socket.setTimeout(10_000, () => socket.destroy());
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      socket.pause();
      void this.#answerEach(socket, Buffer.concat([rest, chunk])).then((left) => {
        rest = left;
        socket.resume();
      });
    });
  }

  /** @returns the beginning of a question that has not arrived whole */
  async #answerEach(socket: Socket, read: Buffer): Promise<Buffer> {
    let left = read;
    while (left.length >= 2 && left.length >= 2 + left.readUInt16BE(0) && !socket.destroyed) {
      const end = 2 + left.readUInt16BE(0);
      while (!this.mayAsk()) await sleep(this.#pace.waitMs());
      const answer = await this.answer(left.subarray(2, end), 'tcp');
      left = left.subarray(end);
      if (answer === null) socket.destroy();
      else if (!socket.write(framed(answer)) && !socket.destroyed) await taken(socket);
    }
    return left;
  }

  #note(name: string, allowed: boolean): void {
    const known = this.#asked.get(name);
    if (known !== undefined) known.count += 1;
    else if (this.#asked.size < maxEgressEntries) this.#asked.set(name, { allowed, count: 1 });
    else this.#isCut = true;
  }

  async #remember(
    question: DnsQuestion,
    answer: Buffer,
    opening: EgressRule[] | null,
  ): Promise<void> {
    const addresses = readAddresses(answer);
    for (const address of addresses) {
      const names = this.#namesOf.get(address) ?? new Set();
      const isRoom = this.#namesOf.has(address) || this.#namesOf.size < maxEgressEntries;
      if (names.size < 8 && isRoom) this.#namesOf.set(address, names.add(question.name));
    }
    const rules = opening ?? [];
    await this.#openings.want(
      addresses.flatMap((address) => rules.map(({ ports }) => ({ address, ports }))),
    );
  }
}

/** Once what was written is on its way, or nobody is there any more. */
function taken(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      socket.off('drain', end).off('close', end);
      resolve();
    };
    socket.on('drain', end).on('close', end);
  });
}
