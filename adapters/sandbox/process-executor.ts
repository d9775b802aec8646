import { DomainError } from '../../contracts/problems.ts';
import type {
  CollectedFile,
  CollectLimits,
  Execution,
  ExecutionSpec,
  Executor,
  ExecutorDescription,
  StepService,
  WorkspaceMount,
} from '../executor/executor.ts';
import { isAbsolute, join, normalize } from 'node:path';
import { collectFiles } from './collect.ts';
import { watchDisk } from './disk-watch.ts';
import { followSandbox } from './execution.ts';
import { openSandboxHost, type SandboxHost } from './host.ts';
import { containTask, type ContainedTask } from './contain.ts';
import { launchSandbox } from './launch.ts';
import { parseEgressRule, type EgressRecord } from '../../contracts/pipeline/egress.ts';
import type { Network } from './network-pool.ts';
import type { SandboxOptions } from './options.ts';
import { stepScript } from './step-script.ts';

/** The process driver, plus what `adapters/workspace` needs to unpack foreign archives in a sandbox. */
export interface ProcessExecutor extends Executor {
  contain(task: ContainedTask): Promise<{ code: number | null; output: string }>;
}

/**
 * Steps as sandboxed processes on this machine, by bubblewrap. Opens at once and looks at the machine on the first use;
 * where it cannot isolate, every `start` refuses with what to install (fault plan E11), there is no unsandboxed way.
 */
export function createProcessExecutor(options: SandboxOptions): ProcessExecutor {
  const running = new Map<string, Promise<Execution>>();
  let opened: Promise<SandboxHost | string> | null = null;
  const open = (): Promise<SandboxHost | string> => (opened ??= openSandboxHost(options));
  const host = async (): Promise<SandboxHost> => {
    const found = await open();
    if (typeof found !== 'string') return found;
    // What is missing may have been installed since: the next start looks again.
    opened = null;
    throw new DomainError('unavailable', found);
  };
  return {
    start: async (spec) => {
      checkSpec(spec);
      if (running.has(spec.id)) throw new DomainError('conflict', `${spec.id} runs already.`);
      const started = host().then((ready) => startStep(ready, spec, options.graceMs ?? 3000));
      running.set(spec.id, started);
      const forget = (): boolean => running.delete(spec.id);
      void started.then((execution) => execution.wait()).then(forget, forget);
      return started;
    },
    collect: async function* (
      workspace: WorkspaceMount,
      globs: readonly string[],
      limits?: CollectLimits,
      told?: (line: string) => void,
    ): AsyncGenerator<CollectedFile> {
      yield* collectFiles((await host()).context, workspace, globs, { limits, told });
    },
    contain: async (task) => containTask(await host(), task),
    describe: async () => describe(await open()),
    close: async () => {
      const executions = await Promise.allSettled(running.values());
      for (const one of executions) if (one.status === 'fulfilled') await one.value.cleanup();
      const found = await opened;
      opened = null;
      if (found !== null && typeof found !== 'string') await found.close();
    },
  };
}

function checkSpec(spec: ExecutionSpec): void {
  const refuse = (detail: string): never => {
    throw new DomainError('validation_failed', detail);
  };
  if (!/^[A-Za-z0-9_.:-]{1,128}$/.test(spec.id)) refuse('The id of an execution is not valid.');
  const dir = normalize(spec.workingDir ?? '.');
  if (isAbsolute(dir) || dir.split('/').includes('..')) {
    refuse('The working directory must lie in the workspace.');
  }
  for (const [name, value] of Object.entries(spec.env)) {
    if (name === '' || /[=\0]/.test(name) || value.includes('\0')) {
      refuse(`The environment variable ${JSON.stringify(name)} cannot be set.`);
    }
  }
  if (spec.commands.some((command) => command.includes('\0')))
    refuse('A command holds a NUL byte.');
}

async function startStep(
  host: SandboxHost,
  spec: ExecutionSpec,
  graceMs: number,
): Promise<Execution> {
  const notes: string[] = [];
  if (spec.image !== '')
    notes.push(`image ${spec.image} is not used: steps run as sandboxed processes here`);
  const group = (await host.limiter?.open(spec.id, spec.limits)) ?? null;
  const network = spec.network === 'egress' ? await acquireNetwork(host, spec, notes) : null;
  const record = once(() => recordOf(host, network));
  const release = async (clean: boolean): Promise<void> => {
    network?.service?.end();
    const giveBack = async (): Promise<void> => {
      if (network === null) return;
      const isNew = await isRenewed(network, record);
      await host.network?.release(network, clean && isNew);
    };
    await Promise.all([group?.remove(), giveBack()]);
  };
  const { root, upper } = spec.workspace;
  try {
    const env = { ...host.environment.variables, ...spec.env };
    const sandbox = await launchSandbox(host.context, {
      workspace: spec.workspace,
      script: stepScript(spec.commands),
      env: { ...env, ...openService(network, spec.service, env) },
      network,
      workingDir: normalize(spec.workingDir ?? '.'),
      groups: group?.procs,
      fileSizeBytes: spec.limits.diskBytes,
      fallback: group === null ? spec.limits : undefined,
    });
    const { diskBytes, leastFreeBytes } = spec.limits;
    const diskFull = watchDisk(join(root, upper), diskBytes, leastFreeBytes);
    const log = (message: string): void => host.log('warn', message);
    return followSandbox({
      ...{ spec, sandbox, group, diskFull, graceMs, notes, release, record, log },
    });
  } catch (error) {
    await release(true);
    throw error;
  }
}

/** @returns variables that lead the step to its service */
function openService(
  network: Network | null,
  service: StepService | undefined,
  env: Readonly<Record<string, string>>,
): Record<string, string> {
  const there = network?.service ?? null;
  if (there === null || service === undefined) return {};
  there.begin((connection) => service.connect(connection));
  return service.env(there.address, env);
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | null = null;
  return () => (running ??= work());
}

/** Asked when all processes are gone; a network that cannot tell is not used again. */
async function recordOf(host: SandboxHost, network: Network | null): Promise<EgressRecord | null> {
  try {
    return (await network?.egress?.end()) ?? null;
  } catch (error) {
    host.log('warn', `what a step reached could not be read: ${String(error)}`);
    return null;
  }
}

/** False: it may still hold what this step did, and is not to be used again. */
async function isRenewed(
  { egress }: Network,
  record: () => Promise<EgressRecord | null>,
): Promise<boolean> {
  if (egress === null) return true;
  if ((await record()) === null) return false;
  return egress.renew().then(
    () => true,
    () => false,
  );
}

async function acquireNetwork(
  host: SandboxHost,
  spec: ExecutionSpec,
  notes: string[],
): Promise<Network | null> {
  const none = (reason: string): null => {
    notes.push(`no network: ${reason}`);
    return null;
  };
  if (host.network === null) return none(host.networkProblem ?? 'not available here');
  const lines = spec.egressAllow ?? null;
  const rules = lines?.map(parseEgressRule).filter((rule) => typeof rule !== 'string') ?? null;
  const why = host.egressProblem ?? 'it was opened without walls';
  let network: Network | null = null;
  try {
    network = await host.network.acquire();
    if (network.egress !== null) await network.egress.begin(rules);
    // A list that cannot be kept is no reason to open everything.
    else if (rules !== null) {
      await host.network.release(network, true);
      return none(`the project's list of what steps may reach cannot be kept: ${why}`);
    }
    return network;
  } catch (error) {
    if (network !== null) await host.network.release(network, false);
    host.log('warn', `no network for a step: ${String(error)}`);
    return none('it could not be set up');
  }
}

function describe(host: SandboxHost | string): ExecutorDescription {
  if (typeof host === 'string') {
    return { driver: 'process', ready: false, problem: host, enforced: [], notEnforced: [] };
  }
  const enforced = [
    'no host files but read-only system directories; own users, processes, ipc, host name',
    'no capabilities, no new privileges, no further user namespaces',
    'time, disk and file size of a step',
  ];
  const notEnforced = [
    'no system-call filter',
    'disk is checked twice a second, so a step can overshoot for a moment',
  ];
  (host.context.root ? enforced : notEnforced).push(
    host.context.root
      ? 'steps are the user nobody on the host'
      : 'steps are the user that Slipway runs as, on the host: run Slipway as root for a user of their own',
  );
  if (host.context.root && host.context.users === null)
    notEnforced.push('other programs of the host that run as nobody can look into steps');
  if (host.limiter === null)
    notEnforced.push('memory is capped per process, cpu is not: no control group is writable');
  else enforced.push(`memory, processes and cpu by control group version ${host.limiter.version}`);
  if (host.egressProblem !== null)
    notEnforced.push(`network: what steps reach is not recorded (${host.egressProblem})`);
  if (host.network === null)
    notEnforced.push(
      `network: egress is not available (${host.networkProblem ?? ''}), steps have none`,
    );
  else
    enforced.push(
      host.egressProblem === null
        ? 'network: what a step asks for is recorded, and the allow-list of its project is kept'
        : 'network: a step whose project has an allow-list has none',
      'network: public IPv4 only; host, private and metadata addresses are refused; the host loopback is unreachable',
    );
  return { driver: 'process', ready: true, problem: null, enforced, notEnforced };
}
