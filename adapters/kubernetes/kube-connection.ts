import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from 'node:https';
import { DomainError } from '../../contracts/problems.ts';
import { KubeError } from './kube-error.ts';

export interface KubeRequest {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** from the root of the API server, without query */
  path: string;
  query?: Readonly<Record<string, string>>;
  /** sent as JSON */
  body?: unknown;
  contentType?: string;
}

/** Sends one request and gives the parsed answer; throws KubeError for everything else. */
export type SendToKube = (request: KubeRequest) => Promise<unknown>;

export interface KubeLocation {
  /** path of a kubeconfig; null: the service account of the pod we run in */
  kubeconfig: string | null;
  /** context of the kubeconfig; null: its current one */
  context: string | null;
  requestTimeoutMs?: number;
}

/** What we use of `KubeConfig`: addresses and credentials. Objects are never read through its typed client (see below). */
interface ClusterAccess {
  getCurrentCluster(): { server: string } | null;
  applyToHTTPSOptions(options: RequestOptions): Promise<void>;
}

const MAX_ANSWER = 64 * 1024 * 1024;

/**
 * Opens a connection to the API server of a kubeconfig, else of the cluster we run in. Answers are passed on as they came:
 * the typed client drops the fields that it does not know, and those of newer clusters would be undone by it.
 */
export async function connectToKube(location: KubeLocation): Promise<SendToKube> {
  const access = await readAccess(location);
  const server = access.getCurrentCluster()?.server;
  if (server === undefined) throw noCluster('the kubeconfig names no cluster');
  let agent: RequestOptions['agent'];
  return async (request) => {
    const url = new URL(server.replace(/\/+$/, '') + request.path);
    for (const [name, value] of Object.entries(request.query ?? {})) {
      url.searchParams.set(name, value);
    }
    const options: RequestOptions = { headers: {} };
    await access.applyToHTTPSOptions(options);
    agent ??= keptAlive(options.agent);
    const text = request.body === undefined ? null : JSON.stringify(request.body);
    return await exchange(url, text, {
      ...options,
      agent,
      method: request.method,
      timeout: location.requestTimeoutMs ?? 30_000,
      headers: {
        ...options.headers,
        accept: 'application/json',
        ...(text === null
          ? {}
          : {
              'content-type': request.contentType ?? 'application/json',
              'content-length': String(Buffer.byteLength(text)),
            }),
      },
    });
  };
}

async function readAccess({ kubeconfig, context }: KubeLocation): Promise<ClusterAccess> {
  if (kubeconfig === null && process.env['KUBERNETES_SERVICE_HOST'] === undefined) {
    throw noCluster('we do not run in a cluster');
  }
  const { KubeConfig } = await import('@kubernetes/client-node'); // large: only who deploys to a cluster pays for it
  const access = new KubeConfig();
  try {
    if (kubeconfig === null) access.loadFromCluster();
    else access.loadFromFile(kubeconfig);
    if (context !== null) access.setCurrentContext(context);
  } catch {
    throw noCluster(
      kubeconfig === null ? 'the service account cannot be read' : 'the kubeconfig cannot be read',
    );
  }
  return access;
}

function noCluster(reason: string): DomainError {
  return new DomainError(
    'unavailable',
    `No Kubernetes to deploy to: ${reason}. Set kubernetes.kubeconfig (SLIPWAY_KUBERNETES_KUBECONFIG).`,
  );
}

/** The agent with connections kept open; one made for a proxy stays as it is. */
function keptAlive(agent: RequestOptions['agent']): RequestOptions['agent'] {
  const kept = { keepAlive: true, maxSockets: 32 };
  if (agent instanceof HttpsAgent && agent.constructor === HttpsAgent) {
    return new HttpsAgent({ ...agent.options, ...kept });
  }
  return agent instanceof HttpAgent && agent.constructor === HttpAgent
    ? new HttpAgent(kept)
    : agent;
}

function exchange(url: URL, body: string | null, options: RequestOptions): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'http:' ? httpRequest : httpsRequest;
    const fail = (error: Error) => {
      reject(error instanceof KubeError ? error : new KubeError(0, 'NoAnswer', error.message));
    };
    let isAnswered = false;
    const request = send(url, options, (answer) => {
      isAnswered = true;
      readText(answer).then((text) => {
        settle(answer, text, resolve, reject);
      }, fail);
    });
    // `timeout` counts silence only; a server that trickles is cut by the second one.
    const limit = setTimeout(() => request.destroy(new Error('no full answer in time')), 60_000);
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.on('error', fail);
    request.on('close', () => {
      clearTimeout(limit);
      // Without an answer or an error where it switches protocols unasked. An answer is still read, or fails by itself.
      if (!isAnswered) fail(new Error('closed without an answer'));
    });
    request.end(body ?? undefined);
  });
}

async function readText(answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of answer) {
    size += (part as Buffer).length;
    if (size > MAX_ANSWER) throw new KubeError(413, 'TooLarge', 'the answer is larger than 64 MiB');
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts).toString('utf8');
}

function settle(
  answer: IncomingMessage,
  text: string,
  resolve: (value: unknown) => void,
  reject: (error: KubeError) => void,
): void {
  const status = answer.statusCode ?? 0;
  const after = Number(answer.headers['retry-after']);
  const retryAfterMs = Number.isFinite(after) && after > 0 ? Math.min(after, 60) * 1000 : null;
  try {
    const body: unknown = text === '' ? {} : JSON.parse(text);
    if (status >= 200 && status < 300) {
      resolve(body);
      return;
    }
    const { reason, message } = body as { reason?: unknown; message?: unknown };
    reject(
      new KubeError(
        status,
        typeof reason === 'string' ? reason : '',
        typeof message === 'string' ? message : `it answered ${status}`,
        retryAfterMs,
      ),
    );
  } catch {
    // Half an answer of a success is no answer; of a failure the status tells enough.
    const isSuccess = status >= 200 && status < 300;
    reject(
      new KubeError(
        isSuccess ? 0 : status,
        'HalfAnswer',
        isSuccess ? 'the answer was cut off' : `it answered ${status}`,
        retryAfterMs,
      ),
    );
  }
}
