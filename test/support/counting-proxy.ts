import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** One statement that a client sent to be run. */
export interface SentStatement {
  /** whitespace made one, so that it can be compared */
  sql: string;
  /** what it was given, one after another; texts only as far as they are printable */
  values: string;
  /** number of the connection */
  connection: number;
}

export interface CountingProxy {
  /** of the same database, through the proxy */
  url: string;
  /** what was sent so far, in order */
  sent: readonly SentStatement[];
  close(): Promise<void>;
}

/** A message of Postgres' protocol 3 as a client sends it: one byte of type, four of length, then its body. */
interface Message {
  type: string;
  body: Buffer;
}

/**
 * A TCP proxy before a Postgres that keeps which statements its clients send: simple queries, and executions of what they
 * have prepared. Of statements that run within a function of the server it knows nothing.
 */
export async function startCountingProxy(databaseUrl: string): Promise<CountingProxy> {
  const target = new URL(databaseUrl);
  const sent: SentStatement[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((client) => {
    const connection = (connections += 1);
    const upstream = connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    const read = statementsOf((sql, values) => sent.push({ sql, values, connection }));
    client.on('data', (bytes: Buffer) => {
      read(bytes);
      upstream.write(bytes);
    });
    upstream.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return {
    url: url.href,
    sent,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Reads the messages of one connection and tells each statement that is run. */
function statementsOf(tell: (sql: string, values: string) => void): (bytes: Buffer) => void {
  const prepared = new Map<string, string>();
  let portal = { sql: '', values: '' };
  const take = ({ type, body }: Message): void => {
    if (type === 'Q') tell(oneLine(textAt(body, 0)), '');
    if (type === 'P') {
      const name = textAt(body, 0);
      prepared.set(name, oneLine(textAt(body, Buffer.byteLength(name) + 1)));
    }
    if (type === 'B') {
      const nameAt = body.indexOf(0) + 1;
      const sql = prepared.get(textAt(body, nameAt)) ?? '';
      portal = { sql, values: body.subarray(nameAt).toString('latin1') };
    }
    if (type === 'E') tell(portal.sql, portal.values);
  };
  // The first message, which asks for the connection, has no type.
  let head = 0;
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    for (;;) {
      const length = rest.length < head + 4 ? Infinity : head + rest.readUInt32BE(head);
      if (rest.length < length) return;
      if (head === 1)
        take({ type: String.fromCharCode(rest[0] ?? 0), body: rest.subarray(5, length) });
      rest = rest.subarray(length);
      head = 1;
    }
  };
}

function textAt(body: Buffer, from: number): string {
  return body.subarray(from, body.indexOf(0, from)).toString('utf8');
}

function oneLine(sql: string): string {
  return sql.replaceAll(/\s+/g, ' ').trim();
}
