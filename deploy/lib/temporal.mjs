import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { inRoot } from './paths.mjs';
import { accepts, innerPortObstacle } from './ports.mjs';
import { runCommand } from './run-command.mjs';
import { askUntil } from './supervisor.mjs';

const readyTimeoutMs = 60_000;

/**
 * As it comes the development server polls each queue 20 times a second, which costs 100 ms an activity; these limits
 * bring it to 10 ms.
 */
const dynamicConfig = [
  'history.transferProcessorMaxPollRPS=2000',
  'history.timerProcessorMaxPollRPS=2000',
  'history.visibilityProcessorMaxPollRPS=500',
  'system.enableActivityEagerExecution=true',
  // One partition takes all that one machine has to do. Tasks of before may lie in the other three, so they are still read.
  'matching.numTaskqueueWritePartitions=1',
  // As they come, what ended is kept for an hour, in up to 1,150 MiB. What is no longer there is read from the file.
  'history.cacheSizeBasedLimit=true',
  `history.hostLevelCacheMaxSizeBytes=${32 * 1024 * 1024}`,
  `history.eventsHostLevelCacheMaxSizeBytes=${16 * 1024 * 1024}`,
  'history.cacheTTL="10m"',
  'history.eventsCacheTTL="10m"',
  // Its HTTP interface, at a port of its own, takes orders from pages of strangers; nobody of ours uses it.
  'frontend.httpAllowedHosts=["slipway.invalid"]',
];

/**
 * The Temporal development server as a service, with its state in a file.
 * @param {object} options
 * @param {string} options.program
 * @param {string} options.home
 * @param {number} options.port
 * @param {{ host: string, port: number }} options.ui where its UI listens
 * @param {string} options.namespace
 * @returns {Promise<import('./supervisor.mjs').Service>}
 */
export async function temporalService({ program, home, port, ui, namespace }) {
  const folder = path.join(home, 'temporal');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { searchAttributeTypes } = await import(
    pathToFileURL(inRoot('dist/search-attributes.mjs')).href
  );
  const attributes = Object.entries(searchAttributeTypes).map(([name, type]) => `${name}=${type}`);
  return {
    name: 'temporal',
    title: 'Temporal',
    command: program,
    args: [
      ...['server', 'start-dev', '--ip', '127.0.0.1', '--log-level', 'warn'],
      ...['--port', String(port), '--namespace', namespace],
      ...['--ui-ip', ui.host, '--ui-port', String(ui.port)],
      ...['--db-filename', path.join(folder, 'temporal.db')],
      ...['--sqlite-pragma', 'synchronous=1', '--sqlite-pragma', 'journal_mode=wal'],
      ...dynamicConfig.flatMap((setting) => ['--dynamic-config-value', setting]),
      ...attributes.flatMap((attribute) => ['--search-attribute', attribute]),
    ],
    env: withoutTemporalSettings(),
    signal: 'SIGTERM',
    obstacle: () => innerPortObstacle(port),
    ready: ({ isGone }) => askUntil(() => serves(program, port), isGone, readyTimeoutMs),
  };
}

/** @param {string} program @param {number} port */
async function serves(program, port) {
  if (!(await accepts(port))) return false;
  const args = ['operator', 'cluster', 'health', '--address', `127.0.0.1:${port}`];
  const options = { env: withoutTemporalSettings(), timeoutMs: 5_000 };
  return (await runCommand(program, args, options)).code === 0;
}

/** The CLI reads TEMPORAL_* as settings of a client (namespace, TLS, API key), which would mislead the server. */
function withoutTemporalSettings() {
  const entries = Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_'));
  return Object.fromEntries(entries);
}
