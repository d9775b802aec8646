import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Ports and folders of one cluster. Everything it writes lies beneath `folder`. */
export interface ClusterPlan {
  folder: string;
  etcdPort: number;
  etcdPeerPort: number;
  apiPort: number;
  kubeletPort: number;
  managerPort: number;
  schedulerPort: number;
  /** name of its network bridge, at most 15 letters */
  bridge: string;
  /** the second number of its pod network, `10.<net>.0.0/24` */
  net: number;
  token: string;
}

export const pauseImage = 'slipway.test/busybox:1';
export const nodeName = 'node-1';

export const containerdSocket = (plan: ClusterPlan) => join(plan.folder, 'containerd.sock');
export const kubeconfigFile = (plan: ClusterPlan) => join(plan.folder, 'kubeconfig');

/** Writes every file that the programs read: settings, tokens, the node's kubeconfig, the network of the pods. */
export function writeSettings(plan: ClusterPlan): void {
  const at = (...parts: string[]) => join(plan.folder, ...parts);
  for (const name of ['cni', 'certs', 'manifests', 'logs'])
    mkdirSync(at(name), { recursive: true });
  writeFileSync(at('tokens.csv'), `${plan.token},admin,admin,system:masters\n`, { mode: 0o600 });
  writeFileSync(at('containerd.toml'), containerdSettings(plan));
  writeFileSync(at('cni', '10-bridge.conflist'), JSON.stringify(networkOf(plan)));
  writeFileSync(at('kubelet.yaml'), JSON.stringify(kubeletSettings(plan)));
}

/** Kubeconfig with the certificate the API server made for itself. */
export function kubeconfigOf(
  plan: ClusterPlan,
  server: string,
  certificate: string | null,
): string {
  const authority =
    certificate === null
      ? { 'insecure-skip-tls-verify': true }
      : { 'certificate-authority-data': Buffer.from(certificate).toString('base64') };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, ...authority } }],
    users: [{ name: 'admin', user: { token: plan.token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  });
}

function containerdSettings(plan: ClusterPlan): string {
  const folder = (name: string) => JSON.stringify(join(plan.folder, name));
  return [
    'version = 2',
    `root = ${folder('containerd')}`,
    `state = ${folder('containerd-state')}`,
    'disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.internal.v1.opt"]',
    '[grpc]',
    `address = ${JSON.stringify(containerdSocket(plan))}`,
    '[ttrpc]',
    `address = ${folder('containerd.ttrpc.sock')}`,
    '[plugins."io.containerd.grpc.v1.cri"]',
    `sandbox_image = "${pauseImage}"`,
    'restrict_oom_score_adj = true',
    'disable_apparmor = true',
    '[plugins."io.containerd.grpc.v1.cri".containerd]',
    'snapshotter = "overlayfs"',
    '[plugins."io.containerd.grpc.v1.cri".cni]',
    'bin_dir = "/usr/lib/cni"',
    `conf_dir = ${folder('cni')}`,
    '',
  ].join('\n');
}

function networkOf({ bridge, net, folder }: ClusterPlan) {
  return {
    cniVersion: '1.0.0',
    name: bridge,
    plugins: [
      {
        type: 'bridge',
        bridge,
        isGateway: true,
        ipMasq: false,
        ipam: {
          type: 'host-local',
          dataDir: join(folder, 'addresses'),
          ranges: [[{ subnet: `10.${net}.0.0/24` }]],
        },
      },
    ],
  };
}

/** The machine may lack rights that a kubelet would like to have (to limit, to score); none is needed for tests. */
function kubeletSettings(plan: ClusterPlan) {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: '127.0.0.1',
    port: plan.kubeletPort,
    healthzPort: 0,
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    containerRuntimeEndpoint: `unix://${containerdSocket(plan)}`,
    failCgroupV1: false,
    failSwapOn: false,
    cgroupDriver: 'cgroupfs',
    cgroupsPerQOS: false,
    enforceNodeAllocatable: [],
    localStorageCapacityIsolation: false,
    featureGates: { KubeletInUserNamespace: true },
    podLogsDir: join(plan.folder, 'logs'),
    registerNode: true,
    evictionHard: { 'memory.available': '0%', 'nodefs.available': '0%', 'imagefs.available': '0%' },
    imageMinimumGCAge: '24h',
    maxPods: 60,
    syncFrequency: '10s',
    fileCheckFrequency: '10m',
    nodeStatusUpdateFrequency: '10s',
    shutdownGracePeriod: '0s',
  };
}
