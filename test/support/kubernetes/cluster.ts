import { type ChildProcess, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from '../../../contracts/deploy/manifest.ts';
import { freePort } from '../free-port.ts';
import { startProgram, stopProcess, waitForServer } from '../processes.ts';
import { makeClusterFolder, noteBridge, removeCluster } from './cleanup.ts';
import { type ImageContent, writeImage } from './image.ts';
import { findProgram, whyNoCluster, whyNoPlayedCluster } from './programs.mjs';
import {
  type ClusterPlan,
  containerdSocket,
  kubeconfigFile,
  kubeconfigOf,
  nodeName,
  pauseImage,
  writeSettings,
} from './settings.ts';

/** A Kubernetes of one node: real API server, controllers, scheduler and pods in containerd. */
export interface TestCluster {
  /** path of a kubeconfig of an administrator */
  kubeconfig: string;
  server: string;
  token: string;
  /** image that every pod can run: busybox, without pulling */
  image: string;
  /** makes an image of busybox and more known to the node */
  addImage(name: string, content: ImageContent): void;
  /** SIGKILL of the API server; `startApi` brings it back on the same port */
  killApi(): Promise<void>;
  startApi(): Promise<void>;
  /** ends every process, container, mount and network of it */
  stop(): Promise<void>;
}

type Program =
  | 'etcd'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'containerd'
  | 'kubelet'
  | 'kwok';

/**
 * Who runs the pods: `real` a kubelet on containerd, `played` kwok, which says of thousands that they run without running
 * any, `none` nobody. Without real ones it has no node and no image: `nodeManifest` makes nodes for kwok.
 */
export type ClusterPods = 'real' | 'played' | 'none';

/** A node for `played` pods, as large as a fleet needs. */
export function nodeManifest(name: string): Manifest {
  const room = { cpu: '1000', memory: '1000Gi', pods: '5000' };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name } },
    status: { allocatable: room, capacity: room },
  };
}

/** Starts a cluster. Takes 5 to 20 seconds. */
export async function startCluster(
  { pods }: { pods: ClusterPods } = { pods: 'real' },
): Promise<TestCluster> {
  const missing = pods === 'real' ? whyNoCluster() : whyNoPlayedCluster();
  if (missing !== null) throw new Error(missing);
  const folder = makeClusterFolder();
  const plan = await planCluster(folder);
  writeSettings(plan);
  noteBridge(folder, plan.bridge);
  const running = new Map<Program, ChildProcess>();
  const start = async (name: Program, args: string[], isUp: () => Promise<boolean>) => {
    const logFile = join(folder, `${name}.log`);
    const child = startProgram({ command: findProgram(name) ?? name, args, logFile });
    running.set(name, child);
    await waitForServer(name, child, logFile, isUp);
  };
  const startApi = () =>
    start('kube-apiserver', apiArguments(plan), () => answers(plan, '/readyz'));
  const stop = async () => {
    for (const name of ['kwok', 'kubelet', 'kube-scheduler', 'kube-controller-manager'] as const) {
      await end(running.get(name));
    }
    await end(running.get('kube-apiserver'), 'SIGKILL');
    await end(running.get('containerd'));
    await end(running.get('etcd'), 'SIGKILL');
    removeCluster(folder);
  };
  try {
    await start('etcd', etcdArguments(plan), async () => {
      const answer = await fetch(`http://127.0.0.1:${plan.etcdPort}/health`);
      return answer.ok;
    });
    await Promise.all([startApi(), ...(pods === 'real' ? [startRuntime(plan, start)] : [])]);
    const kubeconfig = writeKubeconfig(plan);
    await startControllers(plan, kubeconfig, start, pods);
    if (pods === 'real') await startNode(plan, kubeconfig, start);
    if (pods === 'played') await startKwok(plan, kubeconfig, start);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    kubeconfig: kubeconfigFile(plan),
    server: serverOf(plan),
    token: plan.token,
    image: pauseImage,
    addImage: (name, content) => {
      addImage(plan, name, content);
    },
    killApi: () => end(running.get('kube-apiserver'), 'SIGKILL'),
    startApi,
    stop,
  };
}

type Start = (name: Program, args: string[], isUp: () => Promise<boolean>) => Promise<void>;

async function planCluster(folder: string): Promise<ClusterPlan> {
  const id = randomBytes(3).toString('hex');
  return {
    folder,
    etcdPort: await freePort(),
    etcdPeerPort: await freePort(),
    apiPort: await freePort(),
    kubeletPort: await freePort(),
    managerPort: await freePort(),
    schedulerPort: await freePort(),
    bridge: `slpk${id}`,
    net: (64 + (randomBytes(1)[0] ?? 0) / 2) | 0,
    token: randomBytes(24).toString('hex'),
  };
}

async function startRuntime(plan: ClusterPlan, start: Start): Promise<void> {
  await start('containerd', ['--config', join(plan.folder, 'containerd.toml')], async () => {
    runCtr(plan, ['version']);
    return true;
  });
  addImage(plan, pauseImage);
}

function addImage(plan: ClusterPlan, name: string, content?: ImageContent): void {
  const archive = writeImage(plan.folder, findProgram('busybox') ?? '', name, content);
  runCtr(plan, ['images', 'import', archive]);
  rmSync(archive);
}

function writeKubeconfig(plan: ClusterPlan): string {
  const certificate = readFileSync(join(plan.folder, 'certs/apiserver.crt'), 'utf8');
  const kubeconfig = kubeconfigFile(plan);
  writeFileSync(kubeconfig, kubeconfigOf(plan, serverOf(plan), certificate), { mode: 0o600 });
  return kubeconfig;
}

async function startControllers(
  plan: ClusterPlan,
  kubeconfig: string,
  start: Start,
  pods: ClusterPods,
): Promise<void> {
  const keys = join(plan.folder, 'certs/apiserver.key');
  await Promise.all([
    start(
      'kube-controller-manager',
      [
        `--kubeconfig=${kubeconfig}`,
        '--leader-elect=false',
        `--secure-port=${plan.managerPort}`,
        '--bind-address=127.0.0.1',
        `--service-account-private-key-file=${keys}`,
        // kwok on a busy machine may tell late that its nodes are well: their pods must not count as lost for it
        ...(pods === 'real' ? [] : ['--node-monitor-grace-period=15m']),
        '--controllers=node-lifecycle-controller,deployment-controller,replicaset-controller,statefulset-controller,daemonset-controller,job-controller,garbage-collector-controller,namespace-controller,endpointslice-controller,persistentvolume-binder-controller,persistentvolumeclaim-protection-controller',
      ],
      () => answers(plan, '/healthz', plan.managerPort),
    ),
    start(
      'kube-scheduler',
      [
        `--kubeconfig=${kubeconfig}`,
        '--leader-elect=false',
        `--secure-port=${plan.schedulerPort}`,
        '--bind-address=127.0.0.1',
      ],
      () => answers(plan, '/healthz', plan.schedulerPort),
    ),
  ]);
}

async function startNode(plan: ClusterPlan, kubeconfig: string, start: Start): Promise<void> {
  await start(
    'kubelet',
    [
      `--config=${join(plan.folder, 'kubelet.yaml')}`,
      `--kubeconfig=${kubeconfig}`,
      `--root-dir=${join(plan.folder, 'kubelet')}`,
      `--cert-dir=${join(plan.folder, 'certs')}`,
      `--hostname-override=${nodeName}`,
    ],
    () => isNodeReady(plan),
  );
}

async function startKwok(plan: ClusterPlan, kubeconfig: string, start: Start): Promise<void> {
  const port = String(plan.kubeletPort);
  await start(
    'kwok',
    [
      `--kubeconfig=${kubeconfig}`,
      '--manage-all-nodes=true',
      '--node-ip=127.0.0.1',
      '--cidr=10.240.0.0/16',
      `--server-address=127.0.0.1:${port}`,
    ],
    async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).ok,
  );
}

function etcdArguments({ folder, etcdPort, etcdPeerPort }: ClusterPlan): string[] {
  const [client, peer] = [`http://127.0.0.1:${etcdPort}`, `http://127.0.0.1:${etcdPeerPort}`];
  return [
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    '--unsafe-no-fsync',
    '--log-level=error',
  ];
}

function apiArguments(plan: ClusterPlan): string[] {
  const certs = join(plan.folder, 'certs');
  return [
    `--etcd-servers=http://127.0.0.1:${plan.etcdPort}`,
    `--secure-port=${plan.apiPort}`,
    '--bind-address=127.0.0.1',
    `--cert-dir=${certs}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    // The server's own key signs for service accounts too: nothing here is worth a second one.
    `--service-account-key-file=${join(certs, 'apiserver.key')}`,
    `--service-account-signing-key-file=${join(certs, 'apiserver.key')}`,
    `--token-auth-file=${join(plan.folder, 'tokens.csv')}`,
    '--authorization-mode=RBAC',
    '--service-cluster-ip-range=10.96.0.0/16',
    '--disable-admission-plugins=ServiceAccount',
    '--kubelet-preferred-address-types=InternalIP',
    '--watch-cache=true',
  ];
}

const serverOf = (plan: ClusterPlan) => `https://127.0.0.1:${plan.apiPort}`;

/** What the API server answers to a GET, through curl: Node's fetch takes no certificate of a test. */
function ask(plan: ClusterPlan, path: string, port = plan.apiPort): string {
  return execFileSync(
    'curl',
    [
      '-fsk',
      '-m',
      '5',
      '-H',
      `Authorization: Bearer ${plan.token}`,
      `https://127.0.0.1:${port}${path}`,
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
}

async function answers(plan: ClusterPlan, path: string, port?: number): Promise<boolean> {
  return ask(plan, path, port) === 'ok';
}

async function isNodeReady(plan: ClusterPlan): Promise<boolean> {
  const node = JSON.parse(ask(plan, `/api/v1/nodes/${nodeName}`)) as {
    status?: { conditions?: { type: string; status: string }[] };
  };
  const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
  return ready?.status === 'True';
}

async function end(child: ChildProcess | undefined, signal: NodeJS.Signals = 'SIGTERM') {
  if (child !== undefined) await stopProcess(child, signal);
}

function runCtr(plan: ClusterPlan, args: string[]): string {
  const command = ['--address', containerdSocket(plan), '-n', 'k8s.io', ...args];
  return execFileSync(findProgram('ctr') ?? 'ctr', command, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
