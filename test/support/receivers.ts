import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A real HTTP server that keeps what it is sent. */
export interface HookReceiver {
  url: string;
  received: Received[];
  /** what it answers: a status, or its own way with a request */
  answer: number | ((received: Received, nth: number) => number | 'hang' | 'break');
  headers: Record<string, string>;
  bodyBytes: number;
  close(): Promise<void>;
}

export async function openHookReceiver(): Promise<HookReceiver> {
  const receiver: HookReceiver = {
    url: '',
    received: [],
    answer: 200,
    headers: {},
    bodyBytes: 2,
    close: () => Promise.resolve(),
  };
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const received = { path: request.url ?? '', headers: request.headers, body };
      receiver.received.push(received);
      const { answer } = receiver;
      const status =
        typeof answer === 'number' ? answer : answer(received, receiver.received.length);
      if (status === 'hang') return;
      if (status === 'break') return void request.socket.destroy();
      response.writeHead(status, receiver.headers);
      response.end('x'.repeat(receiver.bodyBytes));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  receiver.url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  receiver.close = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return receiver;
}

export interface ReceivedMail {
  to: string[];
  /** headers and text as they came */
  source: string;
}

/** A real SMTP server that keeps what it is sent. */
export interface MailReceiver {
  port: number;
  mails: ReceivedMail[];
  /** an error for the recipient's command: '550 no such user' */
  refuse: { code: number; text: string } | null;
  close(): Promise<void>;
}

export async function openMailReceiver(
  login?: { user: string; password: string },
  port = 0,
): Promise<MailReceiver> {
  const receiver: MailReceiver = {
    port,
    mails: [],
    refuse: null,
    close: () => Promise.resolve(),
  };
  const server = new SMTPServer({
    disabledCommands: login === undefined ? ['AUTH', 'STARTTLS'] : ['STARTTLS'],
    allowInsecureAuth: true,
    authOptional: login === undefined,
    onAuth({ username, password }, _session, done) {
      if (username === login?.user && password === login?.password) done(null, { user: username });
      else done(new Error('wrong'));
    },
    onRcptTo(_address, _session, done) {
      if (receiver.refuse === null) return done();
      done(Object.assign(new Error(receiver.refuse.text), { responseCode: receiver.refuse.code }));
    },
    onData(stream, session, done) {
      let source = '';
      stream.on('data', (chunk: Buffer) => (source += chunk.toString()));
      stream.on('end', () => {
        receiver.mails.push({ to: session.envelope.rcptTo.map(({ address }) => address), source });
        done();
      });
    },
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  receiver.port = (server.server.address() as AddressInfo).port;
  receiver.close = () => new Promise((resolve) => server.close(() => resolve()));
  return receiver;
}

/** The text of a mail with its line ends and quoted-printable taken away. */
export function plainMail({ source }: ReceivedMail): string {
  return source
    .replaceAll(/=\r?\n/g, '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
}
