import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ownDatabaseUrl } from '../../../adapters/config/own-database.mjs';
import { type PartUsage, processTree, usageByPart } from '../../support/bench.ts';
import { freePort } from '../../support/free-port.ts';
import { launchSlipway, type LaunchedSlipway } from '../../support/launcher.ts';

/** Who is measured: the build of this tree, and that of the commit which the targets are told against. */
export type Build = 'ours' | 'baseline';

/** Kinds of processes, by their command lines; what matches none belongs to what started it. */
const parts = {
  // sandboxes that have ended are found in the account of whoever inherited them
  sandbox: /subreaper\.pl|^\S*(bwrap|slirp4netns) /,
  launcher: /deploy\/start\.mjs|guardian\.mjs/,
  api: /dist\/api\.mjs/,
  workers: /dist\/workers\.mjs/,
  temporal: /server start-dev/,
  postgres: /bin\/postgres |^postgres: /,
  spawner: /^slipway-spawner/,
};
export type Part = keyof typeof parts;
export type Usage = Record<Part, PartUsage>;

/** A whole product with servers, data, home and port of its own, as `npm start` runs it. */
export interface Product extends LaunchedSlipway {
  build: Build;
  /** address of its database for a superuser; holds the password */
  databaseUrl: string;
  /** every process of it that runs now, the launcher first */
  pids(): number[];
  /** what all processes have used so far, by kind */
  usage(): Usage;
}

/**
 * The folder of the other build, made when it is missing (minutes, once).
 * @throws Error when it cannot be made; why has been printed
 */
export async function baselineTree(): Promise<string> {
  const script = path.resolve('test/bench/support/prepare-baseline.mjs');
  const child: ChildProcess = spawn(process.execPath, [script], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  let tree: string | undefined;
  child.on('message', (message: { tree: string }) => (tree = message.tree));
  await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (tree === undefined) throw new Error('there is no build to compare ours with');
  return tree;
}

/**
 * A home whose ports are chosen ahead: a launcher looks for free ones long before it listens, and two that start at once
 * would choose the same.
 */
async function makeHome(build: Build): Promise<string> {
  const home = await mkdtemp(path.join(tmpdir(), `slipway-${build}-`));
  const ports = {
    postgres: await freePort(),
    temporal: await freePort(),
    temporalUi: await freePort(),
  };
  await mkdir(path.join(home, 'run'), { mode: 0o700 });
  await writeFile(path.join(home, 'run', 'ports.json'), JSON.stringify(ports));
  return home;
}

/** A command in front of the launcher that inherits sandboxes, so that their CPU is counted. */
function inherits(): string[] {
  const prctl = { x64: 157, arm64: 167 }[process.arch as string];
  if (process.platform !== 'linux' || prctl === undefined) {
    throw new Error('benches of whole products count CPU as Linux does on x64 and arm64');
  }
  return ['perl', path.resolve('test/bench/support/subreaper.pl'), String(prctl)];
}

/** Starts one of the builds and waits until it serves. The caller stops it. */
export async function startProduct(
  build: Build,
  env: Record<string, string> = {},
): Promise<Product> {
  const tree = build === 'ours' ? process.cwd() : await baselineTree();
  const home = await makeHome(build);
  const place = { tree, home, through: inherits() };
  const launched = await launchSlipway({ LOG_LEVEL: 'warn', ...env }, place);
  const databaseUrl = await ownDatabaseUrl(home);
  if (databaseUrl === null) {
    await launched.stop();
    throw new Error(`the product in ${home} has no Postgres of its own; is DATABASE_URL set?`);
  }
  const processes = () => {
    const [inheritor, ...rows] = processTree(launched.pid);
    // the one in front has the CPU of others in its account, but its memory is ours, not the product's
    return { inheritor: inheritor && [{ ...inheritor, residentMb: 0 }], rows };
  };
  return {
    ...launched,
    build,
    databaseUrl,
    pids: () => processes().rows.map(({ pid }) => pid),
    usage: () => {
      const { inheritor = [], rows } = processes();
      return usageByPart(parts, [...inheritor, ...rows]);
    },
  };
}

/**
 * Starts both, one after the other, and stops both in the end, whatever becomes of the work.
 * @param env of both
 */
export async function withBothProducts<T>(
  work: (products: Record<Build, Product>) => Promise<T>,
  env: Record<string, string> = {},
): Promise<T> {
  const baseline = await startProduct('baseline', env);
  try {
    const ours = await startProduct('ours', env);
    try {
      return await work({ ours, baseline });
    } finally {
      await ours.stop();
    }
  } finally {
    await baseline.stop();
  }
}

/**
 * Takes turns, one product at work while the other one idles: A B, B A, A B …, so that whatever else changes on the
 * machine changes for both.
 */
export async function inTurns(
  turns: number,
  products: Record<Build, Product>,
  work: (product: Product, turn: number) => Promise<void>,
): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    const order = [products.baseline, products.ours];
    if (turn % 2 === 1) order.reverse();
    for (const product of order) await work(product, turn);
  }
}
