import { randomInt } from 'node:crypto';
import type { ServiceSpec } from './manifest-schema.ts';
import type { Replica } from './replica.ts';
import { openGate } from './service-gate.ts';
import type { Endpoint } from './endpoint.ts';
import { ServiceListener } from './service-listener.ts';
import type { LocalLog, OpenedGate } from './machine.ts';

/** Ports outside the range that the kernel takes for outgoing connections, so that they stay free while we are away. */
const lowestPort = 30_000;
const highestPort = 32_767;
const retryMs = 2000;

interface Running {
  namespace: string;
  name: string;
  spec: ServiceSpec;
  ports: Map<number, Listening>;
}

interface Listening {
  listener: ServiceListener;
  /** null while another program holds it */
  hostPort: number | null;
  retry?: NodeJS.Timeout;
}

/** The listening Services of a target. Keys are those of objects. */
export class Services {
  readonly #running = new Map<string, Running>();
  readonly #replicas: (namespace: string) => Iterable<Replica>;
  readonly #log: LocalLog;
  #closed = false;

  constructor(replicas: (namespace: string) => Iterable<Replica>, log: LocalLog) {
    this.#replicas = replicas;
    this.#log = log;
  }

  /**
   * Listens for a Service, on the ports that it had before where there are any.
   * @param known port of the Service → port of the host
   * @returns the same for all its ports now
   */
  async set(
    key: string,
    owner: { namespace: string; name: string },
    spec: ServiceSpec,
    known: Readonly<Record<string, number>>,
  ): Promise<Record<string, number>> {
    const running: Running = this.#running.get(key) ?? { ...owner, spec, ports: new Map() };
    running.spec = spec;
    this.#running.set(key, running);
    const wanted = new Set(spec.ports.map(({ port }) => port));
    for (const port of running.ports.keys()) if (!wanted.has(port)) await close(running, port);
    const ports: Record<string, number> = {};
    for (const { port, nodePort } of spec.ports) {
      const before = known[String(port)];
      ports[String(port)] = await this.#listen(running, port, before, nodePort);
    }
    return ports;
  }

  async remove(key: string): Promise<void> {
    const running = this.#running.get(key);
    this.#running.delete(key);
    for (const port of running?.ports.keys() ?? []) if (running) await close(running, port);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const key of [...this.#running.keys()]) await this.remove(key);
  }

  /** Ready replicas behind a Service. */
  readyOf(key: string): number {
    const running = this.#running.get(key);
    return running === undefined ? 0 : this.#selected(running).length;
  }

  /** Ports of a Service that another program holds. */
  takenOf(key: string): number[] {
    const ports = this.#running.get(key)?.ports ?? new Map<number, Listening>();
    return [...ports].filter(([, { hostPort }]) => hostPort === null).map(([port]) => port);
  }

  /** Ways out of a network to each Service of a namespace, and the variables that tell of them. */
  async open(namespace: string, enter: readonly string[]): Promise<OpenedGate> {
    const all = [...this.#running.values()].filter((one) => one.namespace === namespace);
    const ports = all.flatMap((one) =>
      one.spec.ports.map(({ port, name }) => ({ service: one.name, port, name, running: one })),
    );
    if (ports.length === 0) return { env: {}, close: () => undefined };
    const serve = ports.map(
      ({ running, port }) =>
        (socket: Parameters<ServiceListener['serve']>[0]) => {
          const listener = running.ports.get(port)?.listener;
          if (listener === undefined) socket.destroy();
          else listener.serve(socket);
        },
    );
    try {
      const gate = await openGate(enter, serve);
      return { env: serviceVariables(ports, gate.ports), close: gate.close };
    } catch (error) {
      this.#log('warn', `an application cannot reach the Services beside it: ${String(error)}`);
      return { env: {}, close: () => undefined };
    }
  }

  #selected(running: Running): Replica[] {
    const selector = Object.entries(running.spec.selector);
    if (selector.length === 0) return [];
    return [...this.#replicas(running.namespace)].filter(
      ({ plan, readySince, isStopping }) =>
        readySince !== null &&
        !isStopping &&
        selector.every(([key, value]) => plan.labels[key] === value),
    );
  }

  #endpoints(running: Running, port: number): Endpoint[] {
    const spec = running.spec.ports.find((one) => one.port === port);
    if (spec === undefined) return [];
    return this.#selected(running).map((replica) => ({
      connect: () => replica.forward(spec.targetPort ?? port),
      begin: () => replica.inFlight.begin(),
    }));
  }

  async #listen(
    running: Running,
    port: number,
    known: number | undefined,
    nodePort: number | undefined,
  ): Promise<number> {
    const there = running.ports.get(port);
    if (there !== undefined) {
      const kept = there.hostPort ?? known;
      if (kept !== undefined && (nodePort === undefined || nodePort === kept)) return kept;
      await close(running, port);
    }
    const listener = new ServiceListener(() => this.#endpoints(running, port));
    for (const wish of [nodePort, known]) {
      if (wish === undefined || !(await listens(listener, wish))) continue;
      running.ports.set(port, { listener, hostPort: wish });
      return wish;
    }
    if (known !== undefined && nodePort === undefined) {
      this.#waitFor(running, port, known, listener);
      return known;
    }
    const start = randomInt(lowestPort, highestPort);
    for (let step = 0; step <= highestPort - lowestPort; step += 1) {
      const candidate = lowestPort + ((start - lowestPort + step) % (highestPort - lowestPort + 1));
      if (!(await listens(listener, candidate))) continue;
      running.ports.set(port, { listener, hostPort: candidate });
      return candidate;
    }
    throw new Error('no port of the loopback address is free');
  }

  /** People have written its address down, so it waits for it and takes no other. */
  #waitFor(running: Running, port: number, hostPort: number, listener: ServiceListener): void {
    this.#log(
      'warn',
      `port ${hostPort} of the Service ${running.name} is taken by another program`,
    );
    const entry: Listening = { listener, hostPort: null };
    running.ports.set(port, entry);
    const again = async (): Promise<void> => {
      if (this.#closed || running.ports.get(port) !== entry) return;
      if (await listens(listener, hostPort)) entry.hostPort = hostPort;
      else entry.retry = setTimeout(() => void again(), retryMs).unref();
    };
    entry.retry = setTimeout(() => void again(), retryMs).unref();
  }
}

async function close(running: Running, port: number): Promise<void> {
  const entry = running.ports.get(port);
  running.ports.delete(port);
  clearTimeout(entry?.retry);
  if (entry !== undefined) await entry.listener.close();
}

function listens(listener: ServiceListener, port: number): Promise<boolean> {
  return listener.listen(port).then(
    () => true,
    () => false,
  );
}

/** As Kubernetes names them; the first port of a Service has the plain name too. */
function serviceVariables(
  ports: readonly { service: string; port: number; name: string | undefined }[],
  opened: readonly number[],
): Record<string, string> {
  const word = (text: string): string => text.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_');
  const env: Record<string, string> = {};
  for (const [index, { service, name }] of ports.entries()) {
    const port = opened[index];
    if (port === undefined) continue;
    const prefix = word(service);
    env[`${prefix}_SERVICE_HOST`] = '127.0.0.1';
    env[`${prefix}_SERVICE_PORT`] ??= String(port);
    if (name !== undefined) env[`${prefix}_SERVICE_PORT_${word(name)}`] = String(port);
  }
  return env;
}
