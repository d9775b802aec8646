#!/usr/bin/env node
/**
 * `npm start`: from a clone to a running Slipway, and back with Ctrl-C. Plain Node without dependencies: it has to run
 * before anything is installed.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { placeOwnDatabase } from '../adapters/config/own-database.mjs';
import { hardenProcess } from '../adapters/hardening/process.mjs';
import { StartFailure } from './lib/failure.mjs';
import { openHome } from './lib/home.mjs';
import { instanceFile, takeInstance } from './lib/instance.mjs';
import { neighbourWarning, otherPeople } from './lib/neighbours.mjs';
import { inRoot } from './lib/paths.mjs';
import { choosePort, freePort, requirePort } from './lib/ports.mjs';
import { ensureDatabase, postgresService, tooLongForSocket } from './lib/postgres.mjs';
import { buildStale, checkNode, generateClient, installPackages } from './lib/prepare.mjs';
import { apiService, migrate, readAdminPassword, workersService } from './lib/product.mjs';
import { bold, fail, note, secondsSince, step, warn } from './lib/progress.mjs';
import { earlySettings, readSettings } from './lib/settings.mjs';
import { readJson, writeAtomically } from './lib/stamps.mjs';
import { Supervisor } from './lib/supervisor.mjs';
import { ensurePrograms, runtimeNeeds, thisMachine } from './lib/system-packages.mjs';
import { obtainTemporal, presentTemporal } from './lib/temporal-binary.mjs';
import { hiddenAddress, openUiDoor } from './lib/temporal-ui.mjs';
import { temporalService } from './lib/temporal.mjs';

/** @typedef {import('./lib/settings.mjs').Settings} Settings */

const startedMs = Date.now();

/** What has to be undone at the end; filled as the start goes on. */
const held = {
  /** @type {Supervisor | null} */
  supervisor: null,
  /** @type {import('./lib/instance.mjs').InstanceHandle | null} */
  instance: null,
  /** @type {import('node:child_process').ChildProcess | null} */
  guardian: null,
  /** @type {Promise<string> | null} */
  temporal: null,
};
let ending = false;

/**
 * Where the `temporal` program is, got when there is none.
 * @param {string} home
 * @param {Promise<unknown>} packages
 */
function temporalProgram(home, packages) {
  const found = presentTemporal(home).then(
    (present) =>
      present ?? step('Getting Temporal', (far) => obtainTemporal(home, note, { packages, far })),
  );
  // told where it is waited for
  found.catch(() => undefined);
  return found;
}

async function main() {
  process.stdout.write(`\n  ${bold('Slipway')}\n\n`);
  await step('Node', () => checkNode());
  const early = earlySettings(process.env);
  if (early) await takeHome(early);
  await step('System packages', () => ensurePrograms(runtimeNeeds, thisMachine(note)));
  const packages = step('Installing npm packages', installPackages);
  // a build of Temporal takes longer than all the rest together: it begins first
  if (early?.ownTemporal) held.temporal = temporalProgram(early.home, packages);
  await packages;
  await step('Generating the database client', generateClient);
  await step('Building', buildStale);
  // What was installed and built is for whoever may read this folder; what comes now is ours alone.
  hardenProcess();
  const settings = await readSettings(process.env);
  if (!early) await takeHome(settings);
  if (settings.port === 0) settings.port = await freePort();
  await startServers(settings);
  await startProduct(settings);
}

/**
 * Nothing of the home is touched before it is ours, and nothing slow is done before the port is known to be free.
 * @param {{ home: string, host: string, port: number }} where
 */
async function takeHome({ home, host, port }) {
  await openHome(home);
  held.instance = await takeInstance(home, `http://${host}:${port}`, note);
  if (port !== 0) await requirePort(host, port);
  const script = inRoot('deploy/lib/guardian.mjs');
  held.guardian = spawn(process.execPath, [script, instanceFile(home)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  held.supervisor = new Supervisor(home, held.instance);
}

/**
 * Postgres and Temporal at the same time; each only when no address of another one is set.
 * @param {Settings} settings gets the addresses filled in
 */
async function startServers(settings) {
  const portsFile = path.join(settings.home, 'run', 'ports.json');
  const kept = (await readJson(portsFile)) ?? {};
  const taken = new Set([settings.port]);
  const place = await placeOwnDatabase(settings.home, () =>
    choosePort([kept.postgres, 54_320], taken),
  );
  const ports = {
    postgres: place.port,
    postgresFolder: place.folder,
    temporal: await choosePort([kept.temporal, 7233], taken),
    temporalUi: await choosePort([kept.temporalUi, 8233], taken),
  };
  await writeAtomically(portsFile, JSON.stringify(ports));
  const { databaseUrl, temporalAddress } = settings;
  const temporal = temporalAddress === null ? startTemporal(settings, ports) : Promise.resolve();
  const database = databaseUrl === null ? startPostgres(settings, place) : Promise.resolve();
  const migrated = database.then(() => step('Database schema', () => migrate(settings)));
  await Promise.all([temporal, migrated]);
}

/** @param {Settings} settings @param {import('./lib/postgres.mjs').OwnDatabase} place */
async function startPostgres(settings, place) {
  await step('Postgres', async () => {
    const fresh = !existsSync(path.join(settings.home, 'postgres'));
    const { service, url, adminUrl } = await postgresService(settings.home, place);
    await held.supervisor?.start(service);
    await ensureDatabase(adminUrl);
    settings.databaseUrl = url;
    const where = place.folder === null ? `127.0.0.1:${place.port}` : `socket in ${place.folder}`;
    return `${where}${fresh ? ', a new database' : ''}`;
  });
  if (place.folder === null) warn(tooLongForSocket(settings.home));
}

/** @param {Settings} settings @param {{ temporal: number, temporalUi: number }} ports */
async function startTemporal(settings, ports) {
  const { home, namespace } = settings;
  const program = await (held.temporal ?? temporalProgram(home, Promise.resolve()));
  await step('Temporal', async () => {
    const ui = { host: hiddenAddress(), port: ports.temporalUi };
    const place = { port: ports.temporal, ui };
    await held.supervisor?.start(await temporalService({ program, home, namespace, ...place }));
    await openUiDoor({ port: ports.temporalUi, ui });
    settings.temporalAddress = `127.0.0.1:${ports.temporal}`;
    settings.temporalUiUrl ??= `http://127.0.0.1:${ports.temporalUi}`;
    return settings.temporalAddress;
  });
  const warning = neighbourWarning(await otherPeople());
  if (warning !== null) note(warning);
}

/** What finds this instance from another terminal, whose environment is not this one's. @param {Settings} settings */
function demoCommand({ home }) {
  return home === inRoot('.slipway') ? 'npm run demo' : `SLIPWAY_HOME=${home} npm run demo`;
}

/** @param {Settings} settings */
async function startProduct(settings) {
  const knownPassword = await readAdminPassword(settings.home);
  await Promise.all([
    step('API', () => held.supervisor?.start(apiService(settings))),
    step('Workers', () => held.supervisor?.start(workersService(settings))),
  ]);
  const password = await readAdminPassword(settings.home);
  const login =
    password !== null && password !== knownPassword
      ? `user ${bold('admin')}, password ${bold(password)}  (shown once; change it under Settings)`
      : `user ${bold('admin')}; an API token lies in ${path.join(settings.home, 'admin-token')}`;
  const lines = [
    ['Slipway', bold(settings.publicUrl)],
    ['Sign in', login],
    ['Temporal UI', settings.temporalUiUrl ?? `(of ${settings.temporalAddress})`],
    ['Data, logs', `${settings.home}, ${path.join(settings.home, 'logs')}`],
    [
      'Try it',
      `\`${demoCommand(settings)}\` in another terminal pushes a sample and runs its pipeline`,
    ],
  ];
  const text = lines.map(([label, value]) => `  ${String(label).padEnd(12)} ${value}\n`).join('');
  process.stdout.write(
    `\n  Ready after ${secondsSince(startedMs)}.\n\n${text}\n  Ctrl-C stops it.\n\n`,
  );
}

/** @param {number} code */
async function end(code) {
  if (ending) return;
  ending = true;
  await held.supervisor?.stop((title) => note(`stopping: ${title}`));
  await held.instance?.release();
  held.guardian?.kill('SIGKILL');
  process.exit(code);
}

function onSignal() {
  if (ending) {
    held.supervisor?.killAll();
    process.exit(130);
  }
  process.stdout.write('\n');
  void end(0);
}
// a terminal that is gone must not keep us from stopping what we started
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, onSignal);
if (process.env['npm_lifecycle_event'] === 'start') {
  // npm hands a signal to the shell between us, which ends without telling us
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    onSignal();
  }, 250);
  watch.unref();
}

try {
  await main();
} catch (error) {
  if (!ending) {
    const text = error instanceof StartFailure ? error.message : explainBug(error);
    fail(text);
    await end(error instanceof StartFailure ? error.exitCode : 1);
  }
}

/** @param {unknown} error */
function explainBug(error) {
  const story = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `Something unexpected went wrong; please report it with these lines:\n${story}`;
}
