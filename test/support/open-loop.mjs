/**
 * Asks one address at a fixed rate, whether answers come or not (open loop), and tells how long each took from the moment
 * it was due. A process of its own, so that its work is not the server's. Takes its orders from the environment:
 * OPEN_LOOP={ url, headers, perSecond, seconds, warmSeconds }; prints { p50, p95, p99, n, failed } in ms.
 */
import { Agent, get } from 'node:http';

const { url, headers, perSecond, seconds, warmSeconds } = JSON.parse(process.env.OPEN_LOOP ?? '{}');
if (new URL(url).hostname !== '127.0.0.1') throw new Error('load goes to this machine only');
const agent = new Agent({ keepAlive: true, maxSockets: 100 });
/** @type {number[]} */
const times = [];
let failed = 0;
let open = 0;

/** @param {number} due @param {boolean} counts */
function ask(due, counts) {
  open += 1;
  const end = (/** @type {boolean} */ isWell) => {
    open -= 1;
    if (!counts) return;
    if (isWell) times.push(performance.now() - due);
    else failed += 1;
  };
  const request = get(url, { agent, headers, timeout: 10_000 }, (answer) => {
    answer.resume();
    answer.once('end', () => end(answer.statusCode === 200));
    answer.once('error', () => undefined);
  });
  request.once('timeout', () => request.destroy());
  request.once('error', () => end(false));
}

const begin = performance.now() + 50;
const total = Math.round((warmSeconds + seconds) * perSecond);
const isWarm = Math.round(warmSeconds * perSecond);
for (let sent = 0; sent < total;) {
  const due = begin + (sent * 1000) / perSecond;
  if (performance.now() < due) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    continue;
  }
  ask(due, sent >= isWarm);
  sent += 1;
}
for (let waited = 0; open > 0 && waited < 15_000; waited += 50) {
  await new Promise((resolve) => setTimeout(resolve, 50));
}
times.sort((a, b) => a - b);
const at = (/** @type {number} */ q) =>
  Math.round((times[Math.min(times.length - 1, Math.floor(times.length * q))] ?? 0) * 10) / 10;
process.stdout.write(
  JSON.stringify({ p50: at(0.5), p95: at(0.95), p99: at(0.99), n: times.length, failed }),
);
process.exit(0);
