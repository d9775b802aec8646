import { lstat, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLimiter, type Limiter } from './control-group.ts';
import { deadInstances, openInstance, removeInstance } from './instance.ts';
import { launchSandbox } from './launch.ts';
import { createSpawner } from '../spawner/spawner.ts';
import type { LaunchContext } from './launch-plan.ts';
import { missingForEgress } from './network-egress.ts';
import { missingForNetwork, reapNetworks } from './network-namespace.ts';
import { addressesOf, openNetworkPool, type NetworkPool } from './network-pool.ts';
import type { SandboxLog, SandboxOptions } from './options.ts';
import { openOutputPipes } from './output-pipes.ts';
import { findProgram, runTool, trustedPath } from './run-tool.ts';
import { readStepEnvironment, type StepEnvironment } from './step-environment.ts';
import { buildSystemView, findNodeInstall, pathFor } from './system-view.ts';
import { openUserNamespace, type HeldNamespace } from './user-namespace.ts';

/** This machine, looked at once: what is there to isolate with, and what is held for steps. */
export interface SandboxHost {
  context: LaunchContext;
  environment: StepEnvironment;
  limiter: Limiter | null;
  /** null: steps have no network; `networkProblem` says why */
  network: NetworkPool | null;
  networkProblem: string | null;
  /** why networks have no wall; null when they have one, or none was wanted */
  egressProblem: string | null;
  log: SandboxLog;
  close(): Promise<void>;
}

const helpers = ['setpriv', 'nsenter', 'prlimit', 'unshare', 'mount', 'mkfifo', 'du', 'tar'];
const install =
  'install bubblewrap (Debian, Ubuntu: apt install bubblewrap; Fedora: dnf install bubblewrap)';

/**
 * Prepares this machine, or says in one sentence why it cannot isolate a step and what to do about it. Ends first what
 * processes that were killed left behind.
 */
export async function openSandboxHost(options: SandboxOptions): Promise<SandboxHost | string> {
  const searchPath = options.hostEnv['PATH'] ?? trustedPath;
  const bwrap = options.bwrapPath ?? (await findProgram('bwrap', searchPath));
  if (bwrap === null || (await runTool(bwrap, ['--version']).catch(() => null))?.code !== 0) {
    return `Steps run in a sandbox, and bubblewrap is missing: ${install}.`;
  }
  const found = new Map<string, string>();
  for (const name of helpers) {
    const file = await findProgram(name);
    if (file !== null) found.set(name, file);
    else return `Steps run in a sandbox, and ${name} is missing: install it.`;
  }
  const root = process.getuid?.() === 0;
  const runtimeDir =
    options.runtimeDir ??
    (root ? '/run/slipway' : join(tmpdir(), `slipway-${String(process.getuid?.() ?? 0)}`));
  // Not what a link of somebody else leads to, be that ours or not.
  const owner = await lstat(runtimeDir).then(
    ({ uid }) => uid,
    () => null,
  );
  // In a shared temporary folder somebody else could have made it first, to look at or change what we put there.
  if (owner !== null && owner !== process.getuid?.()) {
    return `Steps need a folder of their own, and ${runtimeDir} belongs to another user: remove it.`;
  }
  const dead = await deadInstances(runtimeDir);
  const instance = await openInstance(runtimeDir);
  const limiter = await openLimiter(instance.name, dead);
  if (root) await reapNetworks(dead);
  for (const name of dead) await removeInstance(runtimeDir, name);

  const node = await findNodeInstall(process.execPath);
  const environment = await readStepEnvironment(options, pathFor(node));
  const view = await buildSystemView(instance, options, environment, node, root);
  const pipes = openOutputPipes(join(instance.dir, 'fifo'));
  const { tmpBytes = 1024 ** 3, spawner = createSpawner() } = options;
  const tools = toolsOf(bwrap, found);
  const users = root ? await userNamespace(options.log) : null;
  const context = {
    ...{ instance, tools, view, node, pipes, tmpBytes, root, spawner },
    users: users?.path ?? null,
  };
  const close = async (): Promise<void> => {
    await limiter?.close();
    if (options.spawner === undefined) await spawner.close();
    await users?.close();
    await rm(instance.dir, { recursive: true, force: true });
  };
  const problem = await tryOnce(context);
  if (problem === null) return finishHost(options, context, environment, { limiter, close });
  await close();
  return problem;
}

function toolsOf(bwrap: string, found: ReadonlyMap<string, string>): LaunchContext['tools'] {
  const tool = (name: string): string => found.get(name) ?? name;
  return {
    bwrap,
    nsenter: tool('nsenter'),
    setpriv: tool('setpriv'),
    prlimit: tool('prlimit'),
  };
}

async function userNamespace(log: SandboxLog | undefined): Promise<HeldNamespace | null> {
  return openUserNamespace().catch((error: unknown) => {
    const what = 'other programs of this machine that run as nobody can look into sandboxes';
    log?.('warn', `${what}: no user namespace of root could be made (${String(error)})`);
    return null;
  });
}

async function finishHost(
  options: SandboxOptions,
  context: LaunchContext,
  environment: StepEnvironment,
  { limiter, close }: Pick<SandboxHost, 'limiter' | 'close'>,
): Promise<SandboxHost> {
  const log = options.log ?? (() => undefined);
  const networkProblem = await missingForNetwork(options.slirpPath);
  if (networkProblem !== null) log('warn', `steps run without a network: ${networkProblem}`);
  if (limiter === null)
    log(
      'warn',
      'no control group is writable: memory and processes of steps are capped by rlimits only',
    );
  const walled = networkProblem === null && options.egress === true;
  const egressProblem = walled ? await missingForEgress(context.root) : null;
  if (egressProblem !== null) log('warn', `what steps reach is not recorded: ${egressProblem}`);
  const allowed = networkProblem === null ? await addressesOf(environment.services, log) : [];
  const network =
    networkProblem === null
      ? openNetworkPool({
          instance: context.instance.name,
          warm: options.warmNetworks ?? 2,
          allowPrivate: [...new Set([...(options.allowPrivate ?? []), ...allowed])],
          apiDir: options.forwarding === true ? join(context.instance.dir, 'slirp') : undefined,
          egress: walled && egressProblem === null,
          services: options.services === true,
          log,
        })
      : null;
  return {
    context,
    environment,
    limiter,
    network,
    networkProblem,
    egressProblem,
    log,
    close: async () => {
      await network?.close();
      await close();
    },
  };
}

/** Runs `true` in a sandbox the way steps run: what does not work here is known before the first step. */
async function tryOnce(context: LaunchContext): Promise<string | null> {
  const problem = await runTrue(context).catch((error: unknown) => String(error));
  if (problem === null) return null;
  const allow =
    'allow unprivileged user namespaces (kernel.unprivileged_userns_clone=1, user.max_user_namespaces > 0, ' +
    'kernel.apparmor_restrict_unprivileged_userns=0)';
  return `Steps run in a sandbox, and one could not be made here: ${problem}. Usually this helps: ${allow}.`;
}

async function runTrue(context: LaunchContext): Promise<string | null> {
  const probe = await launchSandbox(context, {
    workspace: null,
    directory: join(context.instance.dir, 'etc'),
    script: 'exit 0\n',
    env: {},
    network: null,
    workingDir: '.',
    fileSizeBytes: 1024 ** 2,
    readOnly: true,
  });
  probe.output.resume();
  const { code, problem } = await probe.ended;
  return code === 0 ? null : problem || 'no reason given';
}
