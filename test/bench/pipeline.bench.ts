import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeWorkTree } from '../support/git-client.ts';
import { eventually } from '../support/eventually.ts';
import setup from '../support/global-setup.ts';
import teardown from '../support/global-teardown.ts';
import { startSlipway, type Slipway } from '../support/slipway.ts';
import { readServerEvents } from '../support/sse.ts';

/*
 * push → first line: from the moment the push was recorded (created_at of git.pushed) to the moment a follower, who
 * hears of the run on /api/v1/events, has the first line of step 1 in hand. Warm, one push at a time.
 * throughput: pipelines of 3 trivial steps each, started together, finished per second.
 */
const PUSHES = Number(process.env['BENCH_PUSHES'] ?? 30);
const RUNS = Number(process.env['BENCH_RUNS'] ?? 60);
const WARM = 5;

interface StreamedEvent {
  type: string;
  createdAt: string;
  subjectId: string;
  payload: { pipelineId?: string; step?: string; updates?: { newSha: string }[] };
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (
    Math.round((sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0) * 10) / 10
  );
}

async function firstLine(slipway: Slipway, pipelineId: string, step: string): Promise<number> {
  const url = `${slipway.baseUrl}/api/v1/pipelines/${pipelineId}/steps/${step}/logs?follow=1`;
  for await (const event of readServerEvents(url, { token: slipway.adminToken })) {
    if (event.event === 'log') return Date.now();
  }
  throw new Error('the log ended without a line');
}

async function measurePushes(
  slipway: Slipway,
): Promise<{ toFirstLine: number[]; toCommand: number[] }> {
  await slipway.request('POST', '/api/v1/projects', { name: 'push' });
  const work = await makeWorkTree(`${slipway.baseUrl}/admin/push.git`, slipway.adminToken);
  const definition = 'steps:\n  - { name: first, network: none, commands: ["echo hello"] }\n';
  const toFirstLine: number[] = [];
  const toCommand: number[] = [];
  const stop = new AbortController();
  const events: StreamedEvent[] = [];
  const wakers: (() => void)[] = [];
  const listening = (async () => {
    for await (const event of readServerEvents(`${slipway.baseUrl}/api/v1/events`, {
      token: slipway.adminToken,
      signal: stop.signal,
    })) {
      events.push(JSON.parse(event.data) as StreamedEvent);
      for (const wake of wakers.splice(0)) wake();
    }
  })().catch(() => undefined);
  const next = async (
    from: number,
    wanted: (event: StreamedEvent) => boolean,
  ): Promise<StreamedEvent> => {
    for (;;) {
      const found = events.slice(from).find(wanted);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => wakers.push(resolve));
    }
  };
  for (let i = 0; i < WARM + PUSHES; i += 1) {
    await work.write({ '.platform.yaml': definition, n: String(i) });
    const sha = await work.commit(`push ${String(i)}`);
    const from = events.length;
    const seen = (async () => {
      const pushed = await next(
        from,
        (event) => event.type === 'git.pushed' && event.payload.updates?.[0]?.newSha === sha,
      );
      const started = await next(from, (event) => event.type === 'step.started');
      const at = await firstLine(slipway, started.payload.pipelineId ?? '', 'first');
      await next(from, (event) => event.type === 'pipeline.completed');
      return at - Date.parse(pushed.createdAt);
    })();
    const began = Date.now();
    await work.git('push', '--quiet', 'origin', 'HEAD:main');
    const ended = Date.now();
    const ms = await seen;
    if (i >= WARM) {
      toFirstLine.push(ms);
      toCommand.push(ended - began);
    }
  }
  stop.abort();
  await listening;
  await work.remove();
  return { toFirstLine, toCommand };
}

async function measureThroughput(
  slipway: Slipway,
): Promise<{ perSecond: number; seconds: number }> {
  await slipway.request('POST', '/api/v1/projects', { name: 'load' });
  const work = await makeWorkTree(`${slipway.baseUrl}/admin/load.git`, slipway.adminToken);
  const step = (name: string) => `  - { name: ${name}, network: none, commands: ["true"] }\n`;
  await work.write({ '.platform.yaml': `on: [api]\nsteps:\n${step('a')}${step('b')}${step('c')}` });
  await work.commit('three steps');
  await work.git('push', '--quiet', 'origin', 'HEAD:main');
  const began = performance.now();
  const starting = Array.from({ length: RUNS }, () =>
    slipway.request('POST', '/api/v1/projects/admin/load/pipelines', { ref: 'main' }),
  );
  for (const answer of await Promise.all(starting))
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  await eventually(async () => {
    const done = await slipway.database.db.pipeline.count({
      where: { project: { name: 'load' }, status: 'success' },
    });
    return done === RUNS ? true : undefined;
  }, 300_000);
  const seconds = (performance.now() - began) / 1000;
  await work.remove();
  return {
    perSecond: Math.round((RUNS / seconds) * 100) / 100,
    seconds: Math.round(seconds * 10) / 10,
  };
}

await setup();
try {
  const slipway = await startSlipway({ env: { LOG_LEVEL: 'warn' } });
  try {
    const { toFirstLine, toCommand } = await measurePushes(slipway);
    const throughput = await measureThroughput(slipway);
    const result = {
      at: new Date().toISOString(),
      node: process.version,
      pushToFirstLineMs: {
        p50: quantile(toFirstLine, 0.5),
        p95: quantile(toFirstLine, 0.95),
        n: toFirstLine.length,
        budget: { p50: 300, p95: 600 },
      },
      gitPushCommandMs: { p50: quantile(toCommand, 0.5), p95: quantile(toCommand, 0.95) },
      pipelinesOfThreeSteps: { ...throughput, runs: RUNS, budget: { perSecond: 10 } },
    };
    process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    await writeFile(
      path.join(process.cwd(), 'test/bench/results/pipeline.json'),
      `${JSON.stringify(result, null, 2)}\n`,
    );
  } finally {
    await slipway.stop();
  }
} finally {
  await teardown();
}
process.exit(0);
