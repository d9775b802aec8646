import { setTimeout as sleep } from 'node:timers/promises';
import { DemoError } from './demo-client.mjs';
import { plainLine } from './plain-line.mjs';

const pollMs = 250;
const appearMs = 30_000;
const drainMs = 10_000;
const marks = {
  pending: ['·', 2],
  running: ['●', 34],
  waiting: ['?', 33],
  success: ['✓', 32],
  failure: ['✗', 31],
  skipped: ['-', 2],
  cancelled: ['-', 33],
};

/** Wraps text in an ANSI colour when `isOn`. */
export function painter(isOn) {
  return (code, text) => (isOn ? `\u001b[${code}m${text}\u001b[0m` : text);
}

/** Waits for the pipeline that a push of `sha` starts. */
export async function waitForPipeline(client, project, sha) {
  const until = Date.now() + appearMs;
  while (Date.now() < until) {
    const { items } = await client.need('GET', `/api/v1/projects/${project}/pipelines`);
    const found = items.find((pipeline) => pipeline.commitSha === sha);
    if (found) return found;
    await sleep(pollMs);
  }
  throw new DemoError(
    `The push arrived, but no pipeline started within ${appearMs / 1000} s. Is a worker running?`,
  );
}

/**
 * Prints what a pipeline does until it ends: each change of a step and each line of its output.
 *
 * @param {{ client: import('./demo-client.mjs').Client, id: string, print: (line: string) => void, paint: ReturnType<typeof painter> }} options
 * @returns {Promise<{ status: string, steps: { name: string, status: string, durationMs: number | null }[] }>}
 */
export async function followPipeline({ client, id, print, paint }) {
  const seen = new Map();
  const logs = new Map();
  const endings = [];
  const stop = new AbortController();
  for (;;) {
    const pipeline = await client.need('GET', `/api/v1/pipelines/${id}`);
    const { steps } = pipeline;
    const width = Math.max(...steps.map((step) => step.name.length), 5);
    for (const step of steps) {
      if (seen.get(step.name) === step.status) continue;
      const prefix = paint(36, step.name.padEnd(width));
      seen.set(step.name, step.status);
      const isOver = !['pending', 'running', 'waiting'].includes(step.status);
      if (!isOver && step.status !== 'pending') print(`${prefix} ${describeStep(step, paint)}`);
      // A quick step may end between two looks, so a log is opened for every step that has started.
      if (step.startedAt && step.kind !== 'gate' && !logs.has(step.name)) {
        const path = `/api/v1/pipelines/${id}/steps/${encodeURIComponent(step.name)}/logs?follow=1`;
        const show = (line, by) =>
          print(`${prefix} ${by === 'platform' ? paint('36', 'slipway:') : paint(2, '│')} ${line}`);
        logs.set(step.name, followLog(client, path, show, stop.signal));
      }
      if (isOver) {
        const tell = () => print(`${prefix} ${describeStep(step, paint)}`);
        // The end of a step is told behind its last line.
        endings.push(within(drainMs, logs.get(step.name)).then(tell));
      }
    }
    if (!['pending', 'running'].includes(pipeline.status)) {
      await Promise.all(endings);
      stop.abort();
      return pipeline;
    }
    await sleep(pollMs);
  }
}

/** Waits for `work`, but not longer than `limitMs`. */
function within(limitMs, work) {
  return Promise.race([work, sleep(limitMs, undefined, { ref: false })]);
}

function describeStep(step, paint) {
  const [mark, colour] = marks[step.status] ?? ['·', 2];
  const took = step.durationMs === null ? '' : `  ${(step.durationMs / 1000).toFixed(1)} s`;
  const reason = step.reason ? `  ${plainLine(step.reason)}` : '';
  return paint(colour, `${mark} ${step.status}${took}${reason}`);
}

/** Lines with whose words they are: told beside the text, which a step could print as well. */
async function followLog(client, path, show, signal) {
  let rest = '';
  let voice = 'step';
  for await (const { event, data } of client.events(path, signal)) {
    if (event === 'end') break;
    if (event !== 'log') continue;
    const { text, by = 'step' } = JSON.parse(data);
    const lines = (rest + text).split('\n');
    for (const [index, line] of lines.slice(0, -1).entries()) {
      show(plainLine(line.replace(/\r$/, '')), index === 0 && rest !== '' ? voice : by);
    }
    rest = lines.at(-1) ?? '';
    if (lines.length > 1 || voice === 'step') voice = by;
  }
  if (rest !== '') show(plainLine(rest), voice);
}
