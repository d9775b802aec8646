import { randomInt } from 'node:crypto';
import type { ServiceSpec } from './manifest-schema.ts';
import type { Replica } from './replica.ts';
import { openGate } from './service-gate.ts';
import { createConnectionShares } from './connection-shares.ts';
import type { Endpoint } from './endpoint.ts';
import { ServiceListener } from './service-listener.ts';
import { refusalOf, servicePorts, type OwnPorts } from './host-ports.ts';
import type { LocalLog, OpenedGate } from './machine.ts';
import { pause } from './pause.ts';

/** A process that ends as we start may still have a port for a moment. */
const patienceMs = 3000;
const retryMs = 200;

interface Running {
  key: string;
  deploymentId: string;
  name: string;
  spec: ServiceSpec;
  ports: Map<number, Listening>;
}

interface Listening {
  listener: ServiceListener;
  hostPort: number;
  /** why it is another port than was asked for or was had, for people */
  notice: string | null;
}

/**
 * The Services that a port of the machine is kept for, by their keys: people have written it down, and send there what is
 * for that application alone. Nobody else is given it while they are there, listening or not.
 */
type KeptFor = (port: number) => readonly string[];

/** The listening Services of a target. Keys are those of objects. */
export class Services {
  readonly #running = new Map<string, Running>();
  readonly #replicas: (deploymentId: string) => Iterable<Replica>;
  readonly #log: LocalLog;
  readonly #own: OwnPorts;
  readonly #keptFor: KeptFor;
  readonly #connections = createConnectionShares();
  readonly #closing = new AbortController();

  constructor(
    replicas: (deploymentId: string) => Iterable<Replica>,
    { log, ownPorts }: { log: LocalLog; ownPorts: OwnPorts },
    keptFor: KeptFor,
  ) {
    this.#replicas = replicas;
    this.#log = log;
    this.#own = ownPorts;
    this.#keptFor = keptFor;
  }

  /**
   * Listens for a Service, on the ports that it had before where there are any. A port that somebody else has by now, or
   * that is one of ours, is not waited for: another one is taken, and told.
   * @param known port of the Service → port of the host
   * @returns the same for all its ports now
   */
  async set(
    key: string,
    owner: { deploymentId: string; name: string },
    spec: ServiceSpec,
    known: Readonly<Record<string, number>>,
  ): Promise<Record<string, number>> {
    const running: Running = this.#running.get(key) ?? { key, ...owner, spec, ports: new Map() };
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
    this.#closing.abort();
    for (const key of [...this.#running.keys()]) await this.remove(key);
  }

  /** Ready replicas behind a Service. */
  readyOf(key: string): number {
    const running = this.#running.get(key);
    return running === undefined ? 0 : this.#selected(running).length;
  }

  /** What people must know of a Service's ports; empty when all are as they were asked for. */
  noticesOf(key: string): string[] {
    const ports = this.#running.get(key)?.ports ?? new Map<number, Listening>();
    return [...ports.values()].flatMap(({ notice }) => (notice === null ? [] : [notice]));
  }

  /** Ways out of a network to each Service of a deployment, and the variables that tell of them. */
  async open(deploymentId: string, enter: readonly string[]): Promise<OpenedGate> {
    const all = [...this.#running.values()].filter((one) => one.deploymentId === deploymentId);
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
    return [...this.#replicas(running.deploymentId)].filter(
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
    if (there !== undefined && (nodePort === undefined || nodePort === there.hostPort)) {
      return there.hostPort;
    }
    const listener = new ServiceListener(
      () => this.#endpoints(running, port),
      () => this.#connections.take(running.deploymentId),
    );
    const had = there === undefined ? known : undefined;
    const taken = await this.#listenAt(listener, running.key, nodePort, had);
    if (taken === null && there !== undefined) {
      there.notice = this.#noticeOf(port, there.hostPort, nodePort, known);
      return there.hostPort;
    }
    if (there !== undefined) await close(running, port);
    const hostPort = taken ?? (await this.#listenAnywhere(listener, running.key));
    const notice = this.#noticeOf(port, hostPort, nodePort ?? known, known);
    if (notice !== null) this.#log('warn', `the Service ${running.name}: ${notice}`);
    running.ports.set(port, { listener, hostPort, notice });
    return hostPort;
  }

  /** At the port that is asked for, or else the one that was had; null where neither can be had. */
  async #listenAt(
    listener: ServiceListener,
    key: string,
    nodePort: number | undefined,
    known: number | undefined,
  ): Promise<number | null> {
    for (const wanted of new Set([nodePort, known])) {
      if (wanted === undefined || refusalOf(wanted, known, this.#own) !== null) continue;
      if (wanted !== known && this.#isOfAnother(wanted, key)) continue;
      // People have written down the one that was had.
      const until = performance.now() + (wanted === known ? patienceMs : 0);
      for (;;) {
        if (await listens(listener, wanted)) return wanted;
        if (performance.now() >= until || this.#closing.signal.aborted) break;
        await pause(retryMs, this.#closing.signal);
      }
    }
    return null;
  }

  async #listenAnywhere(listener: ServiceListener, key: string): Promise<number> {
    for (const candidate of servicePorts(randomInt(10_000), this.#own)) {
      if (this.#isOfAnother(candidate, key)) continue;
      if (await listens(listener, candidate)) return candidate;
    }
    throw new Error('no port of the loopback address is free');
  }

  #isOfAnother(port: number, key: string): boolean {
    return this.#keptFor(port).some((one) => one !== key);
  }

  #noticeOf(
    port: number,
    hostPort: number,
    wanted: number | undefined,
    known: number | undefined,
  ): string | null {
    if (wanted === undefined || wanted === hostPort) return null;
    const why =
      refusalOf(wanted, known, this.#own) ?? `another program or Service has ${String(wanted)}`;
    return `its port ${String(port)} is served at ${String(hostPort)}: ${why}`;
  }
}

async function close(running: Running, port: number): Promise<void> {
  const entry = running.ports.get(port);
  running.ports.delete(port);
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
