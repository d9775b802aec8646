import { join } from 'node:path';
import { foreignWords, plainWords } from '../../contracts/shared/foreign-words.ts';
import type { ExecutionLimits } from '../executor/executor.ts';
import type { SandboxHost } from '../sandbox/host.ts';
import { quote } from '../sandbox/launch-plan.ts';
import type { Network } from '../sandbox/network-pool.ts';
import { removeTree } from '../workspace/trees.ts';
import { startApp, type AppEnd, type AppProcess } from './app-process.ts';
import { defaultShares, disksOf, volumesDir, withMemory, type DiskShare } from './disk-shares.ts';
import { InFlight } from './in-flight.ts';
import { execInside } from './exec-inside.ts';
import { addForward } from './forward.ts';
import type { Layer } from './image-store.ts';
import { listeningProblem } from './listening.ts';
import { LogRing } from './log-ring.ts';
import type { Machine, OpenedGate, StreamMasker } from './machine.ts';
import { pause } from './pause.ts';
import { preparePlace } from './place.ts';
import { expand, readInputs, workingDirOf } from './pod-inputs.ts';
import type { PodPlan } from './pod-plan.ts';
import type { Container } from './pod-schema.ts';
import { portOf, runProbes, type Reach } from './probes.ts';

const firstDelayMs = 1000;
const longestDelayMs = 60_000;
/** After this long without a crash the delay begins anew. */
const soundMs = 60_000;

/** One supervised application process: started, probed, started anew when it ends, and stopped in the end. */
export class Replica {
  readonly plan: PodPlan;
  /** null: not ready; else when it became so, by `performance.now()` */
  readySince: number | null = null;
  restarts = 0;
  /** why it is not ready, for people, secrets masked: it goes into rows, events and notices; empty when it is ready */
  reason = 'it is being started';
  /** how it ended for good, when its restart policy lets it */
  outcome: 'succeeded' | 'failed' | null = null;
  readonly inFlight = new InFlight();
  readonly #machine: Machine;
  readonly #changed: () => void;
  readonly #ring: LogRing;
  readonly #stopping = new AbortController();
  readonly #forwards = new Map<number, Promise<number>>();
  #app: AppProcess | null = null;
  #network: Network | null = null;
  #gate: OpenedGate | null = null;
  #done: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | null = null;
  #runs = 0;
  /** of the last run's Secrets */
  #masker: StreamMasker | null = null;

  constructor(machine: Machine, plan: PodPlan, changed: () => void) {
    this.#machine = machine;
    this.plan = plan;
    this.#changed = changed;
    this.#ring = new LogRing(machine.logBytes);
  }

  get isStopping(): boolean {
    return this.#stopped !== null;
  }

  /** It was started more than once and is not running well. */
  get isCrashing(): boolean {
    return this.readySince === null && this.restarts >= 2;
  }

  start(): void {
    this.#done = this.#supervise().catch((error: unknown) => {
      this.#machine.log('warn', `${this.plan.name} is not supervised any more: ${String(error)}`);
    });
  }

  log(): string {
    return this.#ring.text();
  }

  /** The host's port that leads to a port of it. */
  async forward(port: number | string): Promise<number> {
    const number = portOf(port, this.plan.container);
    const socket = this.#network?.apiSocket;
    if (socket == null) throw new Error('its network is not ready');
    const known = this.#forwards.get(number);
    if (known !== undefined) return known;
    const made = addForward(socket, number, this.#machine.ownPorts);
    this.#forwards.set(number, made);
    made.catch(() => this.#forwards.delete(number));
    return made;
  }

  /** No new connections from here on; those under way have half of the grace to end, then it is asked to end. `mostMs` caps the grace. */
  stop(mostMs = Number.POSITIVE_INFINITY): Promise<void> {
    // It counts as stopping before anybody is told that it changed.
    this.#stopped ??= Promise.resolve().then(() => this.#stop(mostMs));
    return this.#stopped;
  }

  async #stop(mostMs: number): Promise<void> {
    const graceMs = Math.min(mostMs, this.plan.spec.terminationGracePeriodSeconds * 1000);
    this.#notReady('it is being stopped');
    const began = performance.now();
    await this.inFlight.drained(graceMs / 2);
    this.#stopping.abort();
    await this.#app?.stop(Math.max(0, graceMs - (performance.now() - began)));
    await this.#done;
    await this.#release();
    await removeTree(join(this.#machine.root, 'replicas', this.plan.id)).catch(() => undefined);
    this.#changed();
  }

  async #supervise(): Promise<void> {
    let delayMs = firstDelayMs;
    while (!this.#stopping.signal.aborted) {
      const began = performance.now();
      const end = await this.#runOnce().catch((error: unknown) => ({
        code: null,
        text: error instanceof Error ? error.message : String(error),
      }));
      if (this.#stopping.signal.aborted) return;
      const { restart } = this.plan;
      if (restart === 'Never' || (restart === 'OnFailure' && end.code === 0)) {
        this.outcome = end.code === 0 ? 'succeeded' : 'failed';
        this.#notReady(end.text);
        return this.#release();
      }
      this.restarts += 1;
      if (performance.now() - began > soundMs) delayMs = firstDelayMs;
      this.#notReady(end.text);
      await pause(delayMs, this.#stopping.signal);
      delayMs = Math.min(delayMs * 2, longestDelayMs);
    }
  }

  async #runOnce(): Promise<AppEnd> {
    const { container, spec } = this.plan;
    const host = await this.#machine.sandbox();
    const layer = await this.#machine.images.get(container.image, this.plan.owner.projectId);
    const network = await this.#openNetwork(host);
    const inputs = readInputs(spec, container, {
      podName: this.plan.name,
      namespace: this.plan.owner.namespace,
      base: baseEnvironment(host),
      services: this.#gate?.env ?? {},
      data: (kind, name) => this.#machine.data(this.plan.owner.deploymentId, kind, name),
    });
    const script = scriptOf(container, layer, inputs.env);
    this.#runs += 1;
    const place = await preparePlace(this.#machine, host, this.plan, this.#runs, layer, inputs);
    const masker = this.#machine.masker(inputs.secrets);
    this.#masker = masker;
    const disks = await disksOf(this.plan, place.workspace);
    try {
      if (this.#stopping.signal.aborted) return { code: null, text: 'was stopped' };
      const app = await startApp(host, {
        ...{ id: `${this.plan.id}-${String(this.#runs)}`, ...place, script, network, disks },
        mounts: withMemory(this.plan, place.mounts),
        env: inputs.env,
        limits: limitsOf(container, disks),
        onOutput: (chunk) => this.#ring.write(masker.push(withoutNul(chunk))),
      });
      this.#app = app;
      // A stop that came while it started found nothing to stop.
      if (this.#stopping.signal.aborted) void app.stop(0);
      const end = await this.#watch(host, app, network, inputs.env);
      this.#ring.write(masker.end());
      // A pod that was evicted comes back with new volumes.
      if (end.isEvicted === true) await removeTree(volumesDir(this.#machine.root, this.plan));
      return end;
    } finally {
      this.#app = null;
      await place.dispose();
    }
  }

  /** Probes it until it ends. What the probes end it for is how it ended. */
  async #watch(
    host: SandboxHost,
    app: AppProcess,
    network: Network,
    env: Record<string, string>,
  ): Promise<AppEnd> {
    const over = new AbortController();
    let failure: string | null = null;
    const { container, spec } = this.plan;
    const reach: Reach = {
      forward: (port) => this.forward(port),
      listening: async (port) => listeningProblem((await app.initPid) ?? 0, port),
      exec: (command, timeoutMs) =>
        execInside(host, app, network, {
          command,
          env,
          timeoutMs,
          workingDir: workingDirOf(container),
        }),
    };
    const events = {
      ready: (isReady: boolean, why: string): void => {
        if (over.signal.aborted || this.isStopping) return;
        if (isReady) this.#ready();
        else this.#notReady(why);
      },
      failed: (why: string): void => {
        failure = why;
        this.#notReady(why);
        void app.stop(spec.terminationGracePeriodSeconds * 1000);
      },
    };
    await app.initPid;
    const probing = runProbes(container, reach, events, over.signal);
    const end = await app.ended;
    over.abort();
    await probing;
    return failure === null || end.isEvicted === true
      ? end
      : { code: end.code ?? 1, text: failure };
  }

  /** The network is the pod's: it stays over restarts, unless it broke. */
  async #openNetwork(host: SandboxHost): Promise<Network> {
    if (this.#network?.alive() === true) return this.#network;
    await this.#release();
    if (host.network === null) throw new Error(`there is no network: ${host.networkProblem ?? ''}`);
    this.#network = await host.network.acquire();
    const { deploymentId } = this.plan.owner;
    this.#gate = await this.#machine.services.open(deploymentId, this.#network.enter);
    return this.#network;
  }

  async #release(): Promise<void> {
    const network = this.#network;
    this.#network = null;
    this.#forwards.clear();
    this.#gate?.close();
    this.#gate = null;
    if (network !== null) await (await this.#machine.sandbox()).network?.release(network, false);
  }

  #ready(): void {
    if (this.readySince !== null) return;
    this.readySince = performance.now();
    this.reason = '';
    this.#changed();
  }

  /** The only way to a reason, for it may hold what the application said to a probe. */
  #notReady(why: string): void {
    const reason = this.#asToldToPeople(why);
    const changes = this.readySince !== null || this.reason !== reason;
    this.readySince = null;
    this.reason = reason;
    if (changes) this.#changed();
  }

  /** Masked before it is made one line and after: what is left out then may have torn a secret. */
  #asToldToPeople(text: string): string {
    const mask = (value: string): string => this.#masker?.text(value) ?? value;
    return foreignWords(mask(plainWords(mask(text))));
  }
}

function baseEnvironment(host: SandboxHost): Record<string, string> {
  const path = host.environment.variables['PATH'] ?? '';
  return { PATH: path, HOME: '/home/build', LANG: 'C.UTF-8', TMPDIR: '/tmp' };
}

/** A masker wants no NUL between the letters of a secret. */
function withoutNul(chunk: Buffer): Buffer {
  return chunk.includes(0) ? Buffer.from(chunk.filter((byte) => byte !== 0)) : chunk;
}

function scriptOf(container: Container, layer: Layer, env: Record<string, string>): string {
  const given = container.command.length > 0 ? container.command : null;
  const entry = given ?? (layer.file === null ? null : [`./${layer.file}`]);
  if (entry === null) {
    throw new Error(`${container.image.text} is an archive: write the command of the container`);
  }
  const words = [...entry, ...container.args].map((word) => quote(expand(word, env)));
  const dir = quote(workingDirOf(container));
  return `exec 2>&1\ncd ${dir}\nexec ${words.join(' ')}\n`;
}

const MEBIBYTE = 1024 ** 2;

function limitsOf(container: Container, disks: readonly DiskShare[]): ExecutionLimits {
  const { limits } = container.resources;
  return {
    memoryBytes: Math.max(16 * MEBIBYTE, Math.round(limits['memory'] ?? defaultShares.memory)),
    cpus: Math.max(0.01, limits['cpu'] ?? 1),
    pids: 256,
    // of one file: no share is larger
    diskBytes: Math.max(...disks.map(({ bytes }) => bytes)),
  };
}
