// What a Kubernetes for tests is made of, and whether this machine has all of it.
import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export const version = '1.34.4';
/** Built by `node test/support/kubernetes/build.mjs`, kept for all checkouts of this user. */
export const binaryFolder = join(homedir(), '.cache/slipway/kubernetes', version);
/** Plays nodes and pods without running anything, for fleets of deployments; kept by its version too. */
export const kwokVersion = '0.7.0';
export const kwokFolder = join(homedir(), '.cache/slipway/kwok', kwokVersion);
export const binaries = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet'];
/** From the system, with the Debian package that has each. */
const systemPrograms = {
  etcd: 'etcd-server',
  containerd: 'containerd',
  ctr: 'containerd',
  runc: 'runc',
  busybox: 'busybox-static',
  '/usr/lib/cni/bridge': 'containernetworking-plugins',
};
const systemFolders = ['/usr/local/bin', '/usr/bin', '/usr/sbin', '/bin', '/sbin'];

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Absolute path of a program of the cluster, or null. */
export function findProgram(name) {
  if (name.startsWith('/')) return isExecutable(name) ? name : null;
  if (name === 'kwok') return isExecutable(join(kwokFolder, name)) ? join(kwokFolder, name) : null;
  const folders = binaries.includes(name) ? [binaryFolder] : systemFolders;
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

/** Names of the programs that are not there. */
export function missingPrograms() {
  return [...binaries, ...Object.keys(systemPrograms)].filter((name) => findProgram(name) === null);
}

/** Why no cluster without real pods can run here: it needs neither root nor containers. */
export function whyNoPlayedCluster() {
  const missing = ['etcd', ...binaries.filter((name) => name !== 'kubelet')].filter(
    (name) => findProgram(name) === null,
  );
  return missing.length === 0 ? null : `no API server for tests, missing: ${missing.join(', ')}`;
}

/** Why no cluster can run here, in a sentence that says what to do; null when one can. */
export function whyNoCluster() {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    return 'a Kubernetes for tests needs Linux and root';
  }
  const missing = missingPrograms();
  if (missing.length === 0) return null;
  const packages = new Set(missing.flatMap((name) => systemPrograms[name] ?? []));
  const steps = [
    ...(packages.size > 0 ? [`apt-get install ${[...packages].join(' ')}`] : []),
    ...(missing.some((name) => binaries.includes(name))
      ? ['node test/support/kubernetes/build.mjs (10 to 15 minutes, once)']
      : []),
  ];
  return `no Kubernetes for tests, ${missing.join(', ')} missing: ${steps.join('; ')}`;
}
