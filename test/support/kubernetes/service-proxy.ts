import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SendToKube } from '../../../adapters/kubernetes/kube-connection.ts';
import { listAt, numberAt, part, textAt } from '../../../adapters/kubernetes/part.ts';
import type { ServiceAddress } from '../../../contracts/deploy/target.ts';

/**
 * Stands in for an ingress, which the cluster has none of: a port of this machine for each Service, each GET goes to a
 * pod that is ready at that moment.
 */
export interface ServiceProxy {
  addresses(namespace: string): Promise<ServiceAddress[]>;
  close(): void;
}

export function openServiceProxy(send: SendToKube): ServiceProxy {
  const servers = new Map<string, Server>();
  const open = async (namespace: string, service: string): Promise<Server> => {
    const key = `${namespace}/${service}`;
    const known = servers.get(key);
    if (known !== undefined) return known;
    const server = createServer((incoming, outgoing) => {
      forward(send, namespace, service, incoming, outgoing).catch(() => outgoing.destroy());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    servers.set(key, server);
    return server;
  };
  return {
    addresses: async (namespace) => {
      const path = `/api/v1/namespaces/${namespace}/services`;
      const services = listAt(await send({ method: 'GET', path }), 'items');
      return await Promise.all(
        services.map(async (service) => {
          const name = textAt(service, 'metadata', 'name');
          const { port } = (await open(namespace, name)).address() as AddressInfo;
          const number = numberAt(service, ['spec', 'ports', 0, 'port']);
          return { service: name, port: number, url: `http://127.0.0.1:${port}` };
        }),
      );
    },
    close: () => {
      for (const server of servers.values()) {
        server.closeAllConnections();
        server.close();
      }
    },
  };
}

async function forward(
  send: SendToKube,
  namespace: string,
  service: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  for (const { host, port } of await readyPods(send, namespace, service)) {
    const answer = await ask(host, port, incoming.url ?? '/');
    if (answer === null) continue; // it ended a moment ago: the next one
    outgoing.writeHead(answer.statusCode ?? 502, { connection: 'close' });
    answer.pipe(outgoing);
    return;
  }
  outgoing.destroy();
}

function ask(host: string, port: number, path: string): Promise<IncomingMessage | null> {
  return new Promise((resolve) => {
    request({ host, port, path, agent: false }, resolve)
      .on('error', () => {
        resolve(null);
      })
      .end();
  });
}

async function readyPods(send: SendToKube, namespace: string, service: string) {
  const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
  const query = { labelSelector: `kubernetes.io/service-name=${service}` };
  const slices = listAt(await send({ method: 'GET', path, query }), 'items');
  return slices.flatMap((slice) =>
    listAt(slice, 'endpoints')
      .filter((endpoint) => part(endpoint, 'conditions', 'ready') === true)
      .flatMap((endpoint) => listAt(endpoint, 'addresses'))
      .map((host) => ({ host: String(host), port: numberAt(slice, ['ports', 0, 'port']) })),
  );
}
