#!/usr/bin/env node
/**
 * `slipway backup restore` where `npm start` brings the Postgres: starts one over the home, has the command fill it, and
 * stops it again.
 */
import path from 'node:path';
import { placeOwnDatabase } from '../adapters/config/own-database.mjs';
import { StartFailure } from './lib/failure.mjs';
import { openHome } from './lib/home.mjs';
import { takeInstance } from './lib/instance.mjs';
import { inRoot } from './lib/paths.mjs';
import { choosePort } from './lib/ports.mjs';
import { ensureDatabase, postgresService, tooLongForSocket, withClient } from './lib/postgres.mjs';
import { fail, note } from './lib/progress.mjs';
import { runCommand } from './lib/run-command.mjs';
import { readSettings } from './lib/settings.mjs';
import { Supervisor } from './lib/supervisor.mjs';

const [folder = '', ...options] = process.argv.slice(2);

/** Ended in the middle, the command takes back what it did, and needs the Postgres for it: we end after it. */
const asked = new AbortController();
const { signal } = asked;
for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => asked.abort());

/** @returns {Promise<number>} */
async function restore() {
  const { home } = await readSettings(process.env);
  await openHome(home);
  const instance = await takeInstance(home, 'no address: it restores', note);
  const supervisor = new Supervisor(home, instance);
  try {
    const place = await placeOwnDatabase(home, () => choosePort([54_320], new Set()));
    if (place.folder === null) note(tooLongForSocket(home));
    const { service, url, adminUrl } = await postgresService(home, place);
    await supervisor.start(service);
    await ensureDatabase(adminUrl);
    const args = [inRoot('dist/cli.mjs'), 'backup', 'restore', path.resolve(folder), ...options];
    const env = { ...process.env, SLIPWAY_HOME: home, DATABASE_URL: url };
    const { code } = await runCommand(process.execPath, args, { env, show: true, signal });
    // what was just written would take longer to be put down than a stop may take
    await withClient(adminUrl, (client) => client.query('checkpoint'));
    return code;
  } finally {
    await supervisor.stop();
    await instance.release();
  }
}

try {
  process.exitCode = await restore();
} catch (error) {
  if (!(error instanceof StartFailure)) throw error;
  fail(error.message);
  process.exitCode = error.exitCode;
}
