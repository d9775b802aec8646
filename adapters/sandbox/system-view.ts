import {
  chmod,
  lstat,
  readdir,
  readFile,
  readlink,
  realpath,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder } from '../hardening/make-folder.ts';
import type { Instance } from './instance.ts';
import { scriptTarget, stepGid, stepUid, type SandboxOptions } from './options.ts';
import { runTool } from './run-tool.ts';
import { hostOf, nameServer } from './network-pool.ts';
import { npmrcTarget, type StepEnvironment } from './step-environment.ts';

/** A host directory shown read-only; `source` may be a place that the step's user cannot walk to on the host. */
export interface Bind {
  source: string;
  target: string;
  /** The step's user cannot walk to it, so the wrapper binds it to a public place first. */
  staged: boolean;
}

/** The read-only part of what a step sees; the same for all steps of this process. */
export interface SystemView {
  /** bubblewrap options */
  args: readonly string[];
  /** folder that is shown as /etc */
  etc: string;
  /** tool chains outside the system directories */
  binds: readonly Bind[];
}

type ToolPath = Omit<Bind, 'staged'>;

const systemRoots = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];

/** The files of /etc that tools need and that say nothing about this machine's users or secrets. */
const etcNames = [
  'ssl/certs',
  'ssl/openssl.cnf',
  'pki/tls/certs',
  'pki/ca-trust/extracted',
  'ca-certificates',
  'ca-certificates.conf',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'alternatives',
  'localtime',
  'mime.types',
  'protocols',
  'services',
  'os-release',
  'debian_version',
];

const caVariables = /(?:_CERT|_CERT_FILE|_CA_CERTS|_CA_BUNDLE|_CAINFO|_CERT_DIR)$/;

/** PATH inside: where our Node lies first when it is not part of the system. */
export function pathFor(node: NodeInstall | null): string {
  const system = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  return node === null ? system : `${nodeTarget}/bin:${system}`;
}

/** Looks at the host once and writes the few generated /etc files. */
export async function buildSystemView(
  instance: Instance,
  options: SandboxOptions,
  environment: StepEnvironment,
  node: NodeInstall | null,
  root: boolean,
): Promise<SystemView> {
  const args: string[] = [];
  for (const dir of ['/usr', '/nix/store']) if (await exists(dir)) args.push('--ro-bind', dir, dir);
  for (const root of systemRoots) {
    const link = await readlink(root).catch(() => null);
    if (link !== null) args.push('--symlink', link, root);
    else if (await exists(root)) args.push('--ro-bind', root, root);
  }
  const etc = join(instance.dir, 'etc');
  await assembleEtc(etc, environment);
  // npm's own global file may hold a token and lies in a directory that the step sees.
  for (const file of ['/usr/etc/npmrc', '/usr/local/etc/npmrc']) {
    if (await exists(file))
      args.push('--ro-bind', join(etc, npmrcTarget.slice('/etc/'.length)), file);
  }
  const binds: Bind[] = [];
  for (const tool of await toolPaths(options, environment, node)) {
    binds.push({ ...tool, staged: root && !(await isPublic(tool.source)) });
  }
  return { args, etc, binds };
}

/**
 * One folder to show as /etc, put together once: binding each file by itself costs every step several milliseconds. What
 * the operator changes on the host afterwards, certificates say, counts from the next start of Slipway.
 */
async function assembleEtc(etc: string, environment: StepEnvironment): Promise<void> {
  const java = (await readdir('/etc').catch(() => [])).filter((name) => name.startsWith('java-'));
  const present: string[] = [];
  for (const name of [...etcNames, ...java]) {
    if ((await lstat(`/etc/${name}`).catch(() => null)) !== null) present.push(name);
  }
  // What cannot be read without rights is left out; the exit code tells only of that.
  if (present.length > 0) {
    const names = ['-R', '-P', '--parents', '--preserve=mode', '--', ...present, etc];
    await runTool('cp', names, { cwd: '/etc' });
  }
  for (const [name, content] of Object.entries(
    generatedEtc(environment, await hostLines(environment)),
  )) {
    const file = join(etc, name);
    await makeFolder(dirname(file), 0o755);
    await rm(file, { force: true });
    await writeFile(file, content);
    await chmod(file, 0o644);
  }
}

function generatedEtc(environment: StepEnvironment, hosts: string): Record<string, string> {
  const shell = '/bin/sh';
  return {
    passwd: `root:x:0:0:root:/root:/usr/sbin/nologin\nbuild:x:${stepUid}:${stepGid}:step:/home/build:${shell}\n`,
    group: `root:x:0:\nbuild:x:${stepGid}:\n`,
    hosts: `127.0.0.1 localhost slipway\n::1 localhost\n${hosts}`,
    hostname: 'slipway\n',
    'resolv.conf': `nameserver ${nameServer}\noptions timeout:3 attempts:2\n`,
    'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\nservices: files\n',
    [npmrcTarget.slice('/etc/'.length)]: environment.npmrc,
    // a place for each step's script to be mounted on
    [scriptTarget.slice('/etc/'.length)]: '',
  };
}

/** A registry that only this machine's hosts file names must be known inside as well. */
async function hostLines(environment: StepEnvironment): Promise<string> {
  const names = environment.services.map((service) => hostOf(service));
  const text = await readFile('/etc/hosts', 'utf8').catch(() => '');
  return text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim().split(/\s+/))
    .filter(
      ([address = '', ...aliases]) =>
        address !== '' && aliases.some((name) => names.includes(name)),
    )
    .map((fields) => `${fields.join(' ')}\n`)
    .join('');
}

async function toolPaths(
  options: SandboxOptions,
  environment: StepEnvironment,
  node: NodeInstall | null,
): Promise<ToolPath[]> {
  const binds: ToolPath[] = [...(node?.binds ?? [])];
  for (const dir of options.toolDirs ?? [])
    binds.push({ source: await realpath(dir), target: dir });
  for (const [name, value] of Object.entries(environment.variables)) {
    if (!caVariables.test(name) || !value.startsWith('/')) continue;
    const seen = ['/usr/', '/etc/ssl/certs', '/etc/pki/', '/nix/store'].some((dir) =>
      value.startsWith(dir),
    );
    if (!seen && (await exists(value)))
      binds.push({ source: await realpath(value), target: value });
  }
  return binds;
}

/** Our own Node, when it lies outside the system directories. */
export interface NodeInstall {
  binds: readonly ToolPath[];
}

const nodeTarget = '/opt/slipway-node';

/**
 * Steps need `node` and `npm`. An install below a home directory is shown file by file under a path of its own: binding
 * its prefix could show a whole home, for a prefix can be one.
 */
export async function findNodeInstall(execPath: string): Promise<NodeInstall | null> {
  const node = await realpath(execPath);
  if (node.startsWith('/usr/') || node.startsWith('/nix/store/')) return null;
  const prefix = dirname(dirname(node));
  const binds: ToolPath[] = [{ source: node, target: `${nodeTarget}/bin/node` }];
  for (const part of ['lib/node_modules/npm', 'lib/node_modules/corepack', 'include/node']) {
    const source = join(prefix, part);
    const found = await lstat(source).catch(() => null);
    if (found?.isDirectory() === true) binds.push({ source, target: `${nodeTarget}/${part}` });
  }
  return { binds };
}

/** bubblewrap options for the commands of the Node shown at `nodeTarget`. */
export function nodeLinks(node: NodeInstall | null): string[] {
  if (node === null) return [];
  const has = (part: string): boolean => node.binds.some(({ target }) => target.endsWith(part));
  const links: string[] = [];
  const link = (name: string, script: string): void => {
    links.push('--symlink', `../lib/node_modules/${script}`, `${nodeTarget}/bin/${name}`);
  };
  if (has('/npm')) link('npm', 'npm/bin/npm-cli.js');
  if (has('/npm')) link('npx', 'npm/bin/npx-cli.js');
  if (has('/corepack')) link('corepack', 'corepack/dist/corepack.js');
  return links;
}

/** Whether any user can walk to it: each directory above it lets others through, and it lets others read. */
async function isPublic(path: string): Promise<boolean> {
  const own = await stat(path).catch(() => null);
  if (own === null || (own.mode & 0o004) === 0) return false;
  for (let dir = dirname(path); ; dir = dirname(dir)) {
    if (((await stat(dir)).mode & 0o001) === 0) return false;
    if (dir === '/') return true;
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
