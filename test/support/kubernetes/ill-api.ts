import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { TestCluster } from './cluster.ts';

/** How a request fails; see `IllApi`. */
export const illnesses = ['conflict', 'busy', 'broken', 'expired', 'silent', 'half'] as const;
export type Illness = (typeof illnesses)[number];

/**
 * Stands in front of an API server and makes it ill: 409 to a write, 429, 500, 410 to a list, no answer for seconds and
 * then none at all, and half of an answer whose request was carried out.
 */
export interface IllApi {
  /** path of a kubeconfig that leads through it */
  kubeconfig: string;
  /** Asked for each request; null lets it through. An illness that the request cannot have lets it through too. */
  choose: () => Illness | null;
  /** how often each was seen to happen */
  readonly faults: Map<Illness, number>;
  /** how many requests came */
  requests(): number;
  close(): Promise<void>;
}

interface Kubeconfig {
  clusters: [{ cluster: { server: string; 'certificate-authority-data': string } }];
}

const silenceMs = 3000;

export async function startIllApi(cluster: TestCluster): Promise<IllApi> {
  const config = JSON.parse(readFileSync(cluster.kubeconfig, 'utf8')) as Kubeconfig;
  const [entry] = config.clusters;
  const ca = Buffer.from(entry.cluster['certificate-authority-data'], 'base64');
  const agent = new Agent({ keepAlive: true, ca });
  const faults = new Map<Illness, number>();
  let requests = 0;
  const server = createServer((incoming, outgoing) => {
    requests += 1;
    const illness = result.choose();
    const isIll = illness !== null && canHave(illness, incoming);
    if (isIll) faults.set(illness, (faults.get(illness) ?? 0) + 1);
    answer(new URL(cluster.server), agent, incoming, outgoing, isIll ? illness : null).catch(() =>
      outgoing.destroy(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const address = `http://127.0.0.1:${String(port)}`;
  const ill = {
    ...config,
    clusters: [{ ...entry, cluster: { server: address, 'insecure-skip-tls-verify': true } }],
  };
  const kubeconfig = `${cluster.kubeconfig}-ill`;
  writeFileSync(kubeconfig, JSON.stringify(ill), { mode: 0o600 });
  const result: IllApi = {
    kubeconfig,
    choose: () => null,
    faults,
    requests: () => requests,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      agent.destroy();
    },
  };
  return result;
}

function canHave(illness: Illness, { method, url }: IncomingMessage): boolean {
  if (illness === 'conflict') return method === 'PATCH';
  return illness !== 'expired' || (url ?? '').includes('labelSelector=');
}

const statuses = { conflict: 409, busy: 429, broken: 500, expired: 410 } as const;
const reasons = {
  conflict: 'Conflict',
  busy: 'TooManyRequests',
  broken: 'InternalError',
  expired: 'Expired',
} as const;

async function answer(
  server: URL,
  agent: Agent,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  illness: Illness | null,
): Promise<void> {
  const body = await buffer(incoming);
  if (illness === 'silent') {
    setTimeout(() => outgoing.destroy(), silenceMs);
    return;
  }
  if (illness !== null && illness !== 'half') {
    const code = statuses[illness];
    const reason = reasons[illness];
    outgoing.writeHead(code, {
      'content-type': 'application/json',
      ...(illness === 'busy' ? { 'retry-after': '1' } : {}),
    });
    outgoing.end(
      JSON.stringify({ kind: 'Status', status: 'Failure', code, reason, message: reason }),
    );
    return;
  }
  const { status, headers, text } = await forward(server, agent, incoming, body);
  const told = illness === 'half' ? text.subarray(0, Math.floor(text.length / 2)) : text;
  outgoing.writeHead(status, {
    'content-type': headers['content-type'] ?? 'application/json',
    'content-length': told.length,
  });
  outgoing.end(told);
}

async function forward(server: URL, agent: Agent, incoming: IncomingMessage, body: Buffer) {
  const request = httpsRequest({
    agent,
    hostname: server.hostname,
    port: server.port,
    method: incoming.method,
    path: incoming.url,
    headers: { ...incoming.headers, host: server.host },
  });
  const answered = once(request, 'response') as Promise<[IncomingMessage]>;
  request.end(body);
  const [response] = await answered;
  const text = await buffer(response);
  return { status: response.statusCode ?? 502, headers: response.headers, text };
}
