import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { mkdtemp } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { git } from './git-server.ts';
import { makeWorkTree, type WorkTree } from './git-client.ts';
import { removeFolder } from './remove-folder.ts';

/** Somebody else's git server: `git http-backend` of the stock git behind the smallest server that will do. */
export interface ForeignGit {
  url: string;
  port: number;
  /** each request: method and path with query */
  requests: string[];
  /** `user:password` that it asks for; null: everybody may read */
  password: string | null;
  /** what it does with requests: `away` breaks connections, a number is answered as a status */
  mode: 'up' | 'away' | number;
  /** headers of an answer that is only a status */
  headers: Record<string, string>;
  /** called for each request before it is answered */
  onRequest: () => Promise<void>;
  /** milliseconds before each piece of an answer */
  slowMs: number;
  /** a work tree whose pushes go straight to the folder of `/<name>.git` */
  repository(name: string): Promise<WorkTree>;
  close(): Promise<void>;
}

export async function openForeignGit(): Promise<ForeignGit> {
  const root = await mkdtemp(path.join(tmpdir(), 'slipway-foreign-'));
  const trees: WorkTree[] = [];
  const server = createServer({ requestTimeout: 0 }, (request, response) => {
    void answer(foreign, root, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const foreign: ForeignGit = {
    url: `http://127.0.0.1:${String(port)}`,
    port,
    requests: [],
    password: null,
    mode: 'up',
    headers: {},
    onRequest: () => Promise.resolve(),
    slowMs: 0,
    async repository(name) {
      const dir = path.join(root, `${name}.git`);
      const made = await git(root, ['init', '-q', '--bare', '-b', 'main', dir]);
      if (made.code !== 0) throw new Error(made.stderr);
      const tree = await makeWorkTree(dir, null);
      trees.push(tree);
      return tree;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      for (const tree of trees) await tree.remove();
      await removeFolder(root);
    },
  };
  return foreign;
}

async function answer(
  foreign: ForeignGit,
  root: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  foreign.requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
  await foreign.onRequest();
  const { mode, password } = foreign;
  if (mode === 'away') return void request.socket.destroy();
  if (typeof mode === 'number') return void response.writeHead(mode, foreign.headers).end('no');
  const wanted = `Basic ${Buffer.from(password ?? '').toString('base64')}`;
  if (password !== null && request.headers.authorization !== wanted) {
    // As hostile as it can be: it sends back what it was given.
    const said = `you sent ${request.headers.authorization ?? 'nothing'}`;
    const headers = { 'www-authenticate': 'Basic realm="git"', 'content-type': 'text/plain' };
    return void response.writeHead(401, headers).end(said);
  }
  runBackend(foreign, root, request, response);
}

function runBackend(
  foreign: ForeignGit,
  root: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const url = new URL(request.url ?? '/', 'http://x');
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH'],
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      CONTENT_LENGTH: request.headers['content-length'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      HTTP_GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  request.pipe(child.stdin).on('error', () => undefined);
  response.on('error', () => undefined);
  response.on('close', () => child.kill());
  void (async () => {
    let head: Buffer | null = Buffer.alloc(0);
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      if (foreign.slowMs > 0) await sleep(foreign.slowMs);
      if (head === null) {
        response.write(chunk);
        continue;
      }
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end === -1) continue;
      for (const line of head.subarray(0, end).toString().split('\r\n')) {
        const [name = '', value = ''] = line.split(/: (.*)/s);
        if (name.toLowerCase() === 'status') response.statusCode = Number(value.slice(0, 3));
        else response.setHeader(name, value);
      }
      response.write(head.subarray(end + 4));
      head = null;
    }
    response.end();
  })().catch(() => response.destroy());
}
