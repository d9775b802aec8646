/**
 * Outlives a launcher that is killed with -9: the launcher holds the other end of our standard input, and when that
 * closes without a goodbye the recorded processes are stopped in order. Argument: the instance file.
 */
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { stopRecorded } from './instance.mjs';
import { isAlive } from './process-identity.mjs';
import { readJson } from './stamps.mjs';

const file = process.argv[2] ?? '';
const mine = await readJson(file);

for (const signal of /** @type {NodeJS.Signals[]} */ (['SIGINT', 'SIGHUP'])) {
  process.on(signal, () => undefined);
}
process.stdin.resume();
await new Promise((resolve) => {
  process.stdin.once('end', resolve);
  process.stdin.once('error', resolve);
});
// the pipe closes a moment before the process is gone
for (let round = 0; round < 40 && isAlive(mine.launcher); round += 1) await sleep(25);
const now = await readJson(file);
// a record of another launcher means that the next start has taken over already
const same =
  now?.launcher?.pid === mine.launcher.pid && now.launcher.started === mine.launcher.started;
if (same && !isAlive(mine.launcher)) {
  await stopRecorded(now.children);
  const last = await readJson(file);
  if (last?.launcher?.started === mine.launcher.started) await rm(file, { force: true });
}
