import { readFile, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { publishEvent } from '../../domain/event/publish-event.ts';
import { inTransaction } from '../../domain/shared/tx.ts';
import setup from '../support/global-setup.ts';
import teardown from '../support/global-teardown.ts';
import { waitFor } from '../support/processes.ts';
import { type Slipway, startSlipway } from '../support/slipway.ts';

/*
 * Event streams: many clients of one API process over raw sockets, events published into the database one at a time;
 * from before the commit to the last client having it. REST reads run beside it.
 */
const CLIENTS = Number(process.env['BENCH_CLIENTS'] ?? 10_000);
const EVENTS = Number(process.env['BENCH_EVENTS'] ?? 20);
const WARM = 3;

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0);
}

/** Connects clients, 200 at a time; each counts the times it heard the newest event. */
async function connectClients(slipway: Slipway, heard: () => void): Promise<Socket[]> {
  const { port } = new URL(slipway.baseUrl);
  const head = [
    'GET /api/v1/events HTTP/1.1',
    'Host: localhost',
    `Authorization: Bearer ${slipway.adminToken}`,
    'Accept: text/event-stream',
  ];
  const request = `${head.join('\r\n')}\r\n\r\n`;
  const sockets: Socket[] = [];
  const open = () =>
    new Promise<void>((resolve, reject) => {
      const socket = connect(Number(port), '127.0.0.1', () => socket.write(request));
      sockets.push(socket);
      socket.on('error', reject);
      socket.on('data', (data) => {
        if (data.includes('retry: ')) resolve();
        if (data.includes('event: user.updated')) heard();
      });
    });
  while (sockets.length < CLIENTS) {
    const count = Math.min(200, CLIENTS - sockets.length);
    await Promise.all(Array.from({ length: count }, open));
  }
  return sockets;
}

async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
}

async function measure(slipway: Slipway) {
  let count = 0;
  const idleMb = await residentMb(slipway.pid('api'));
  const sockets = await connectClients(slipway, () => (count += 1));
  const broadcastMs: number[] = [];
  const restMs: number[] = [];
  for (let i = 0; i < WARM + EVENTS; i += 1) {
    count = 0;
    const start = performance.now();
    await inTransaction(slipway.database.db, (tx) =>
      publishEvent(tx, { type: 'user.updated', message: `bench ${i}` }),
    );
    const asked = performance.now();
    await slipway.request('GET', '/api/v1/auth/me');
    if (i >= WARM) restMs.push(performance.now() - asked);
    await waitFor('every client', () => count >= CLIENTS, { everyMs: 1, timeoutMs: 60_000 });
    if (i >= WARM) broadcastMs.push(performance.now() - start);
  }
  const fullMb = await residentMb(slipway.pid('api'));
  for (const socket of sockets) socket.destroy();
  return {
    at: new Date().toISOString(),
    node: process.version,
    clients: CLIENTS,
    events: EVENTS,
    broadcastMs: {
      p50: quantile(broadcastMs, 0.5),
      p95: quantile(broadcastMs, 0.95),
      budget: { p95: 150 },
    },
    readBesideMs: { p50: quantile(restMs, 0.5), p95: quantile(restMs, 0.95) },
    residentMb: { idle: idleMb, full: fullMb, budget: { full: 250 } },
  };
}

await setup();
try {
  const slipway = await startSlipway({
    workers: false,
    env: { SLIPWAY_EVENTS_STREAMS_PER_CALLER: String(CLIENTS + 10) },
  });
  try {
    const result = await measure(slipway);
    const text = `${JSON.stringify(result, null, 2)}\n`;
    process.stdout.write(text);
    const file = process.env['BENCH_RESULT'] ?? path.resolve('test/bench/results/events.json');
    await writeFile(file, text);
  } finally {
    await slipway.stop();
  }
} finally {
  await teardown();
}
process.exit(0);
