import { join } from 'node:path';
import { collectArtifacts } from '../../activities/pipeline/collect-artifacts.ts';
import { defaultLimits, type WorkspaceMount } from '../../adapters/executor/executor.ts';
import { createFileStore } from '../../adapters/object-store/file-store.ts';
import { createMasker } from '../../domain/pipeline/mask.ts';
import { newId } from '../../domain/shared/new-id.ts';
import { keepFigures, machineNow, quantile, spread } from '../support/bench.ts';
import setup from '../support/global-setup.ts';
import teardown from '../support/global-teardown.ts';
import { makeRunRows } from '../support/run-rows.ts';
import { newWorkspace, openStepBench, runStep } from '../support/steps.ts';
import { bindTestRole, createTestToken, startTestApi } from '../support/test-api.ts';
import { createTestDatabase } from '../support/test-database.ts';

/*
 * Storing and downloading an artifact of many small files, against one archive of the same files, in turn, in one run: from
 * the step's workspace through the sandbox into a folder of objects and Postgres, and back over HTTP. Milliseconds. Budget:
 * within 5 times.
 */
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 9);
const warm = 2;
const counts = [500, 3000];
const bytesEach = 2048;

await setup();
const database = await createTestDatabase();
const bench = await openStepBench();
const store = createFileStore(join(bench.folder, 'objects'));
const api = await startTestApi(database, { services: { objectStore: store } });
const rows = await makeRunRows(database.db);
await bindTestRole(database.db, rows.userId, 'developer');
const { token } = await createTestToken(database.db, rows.userId);

/** A run of its own, since a repeated set replaces what was there. */
async function newRun(): Promise<string> {
  const id = newId('pipeline');
  const { number } = await database.db.pipeline.findFirstOrThrow({ orderBy: { number: 'desc' } });
  const of = { projectId: rows.projectId, number: number + 1, changeId: newId('change') };
  const what = { trigger: 'push', gitRef: 'refs/heads/main', status: 'running' };
  await database.db.pipeline.create({ data: { id, ...of, ...what } });
  return id;
}

type Way = 'files' | 'archive';
const paths: Record<Way, string> = { files: 'out/**', archive: 'out.tar' };

async function once(
  space: WorkspaceMount,
  way: Way,
): Promise<{ stored: number; downloaded: number }> {
  const id = await newRun();
  const deps = { db: database.db, store, executor: bench.executor, limits: defaultLimits };
  const artifacts = [{ name: 'dist', path: paths[way], expiresMs: null }];
  const plan = { name: 'build', artifacts };
  const began = performance.now();
  const failed = await collectArtifacts(
    { deps, run: { id }, plan, masker: createMasker([]), writer: { note: async () => undefined } },
    space,
  );
  if (failed !== null) throw new Error(failed);
  const stored = performance.now() - began;
  const [one] = await database.db.artifact.findMany({ where: { pipelineId: id }, take: 1 });
  const asked = performance.now();
  const answer = await api.get(
    way === 'files'
      ? `/api/v1/pipelines/${id}/steps/build/artifacts/dist/archive`
      : `/api/v1/artifacts/${one?.id ?? ''}/content`,
    token,
  );
  if (answer.status !== 200) throw new Error(`the download answered ${String(answer.status)}`);
  await answer.arrayBuffer();
  return { stored, downloaded: performance.now() - asked };
}

async function measure(count: number) {
  const space = await newWorkspace(bench);
  // Nothing that a compressor, or a store that looks for repetitions, could make less of.
  const make = `mkdir out; head -c ${String(count * bytesEach)} /dev/urandom | (cd out && split -a 4 -b ${String(bytesEach)} - f); tar -cf out.tar out`;
  const ended = await runStep(bench.executor, space, [make]);
  if (ended.exitCode !== 0) throw new Error(ended.output);
  const times: Record<Way, { stored: number[]; downloaded: number[] }> = {
    files: { stored: [], downloaded: [] },
    archive: { stored: [], downloaded: [] },
  };
  for (let round = -warm; round < rounds; round += 1) {
    const ways: Way[] = round % 2 === 0 ? ['files', 'archive'] : ['archive', 'files'];
    for (const way of ways) {
      const { stored, downloaded } = await once(space, way);
      if (round < 0) continue;
      times[way].stored.push(stored);
      times[way].downloaded.push(downloaded);
    }
  }
  const compared = (deed: 'stored' | 'downloaded') => {
    const [ours, peer] = [times.files[deed], times.archive[deed]];
    const ratio = Number((quantile(ours, 0.5) / quantile(peer, 0.5)).toFixed(2));
    return { filesMs: spread(ours), archiveMs: spread(peer), ratio };
  };
  return { files: count, stored: compared('stored'), downloaded: compared('downloaded') };
}

try {
  const machine = machineNow();
  const sets = [];
  for (const count of counts) sets.push(await measure(count));
  await keepFigures('artifacts', {
    what: `an artifact of small files of ${String(bytesEach)} bytes each, against one archive of the same`,
    ...machine,
    rounds,
    sets,
    budgetRatio: 5,
  });
} finally {
  await api.stop();
  await bench.close();
  await database.drop();
  await teardown();
}
process.exit(0);
