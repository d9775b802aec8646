import { defaultCollectLimits, type WorkspaceMount } from '../../adapters/executor/executor.ts';
import type { StepPlan } from '../../contracts/pipeline/types.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { LogWriter } from '../../domain/pipeline/append-log.ts';
import type { Masker } from '../../domain/pipeline/mask.ts';
import { storeArtifact } from '../../domain/pipeline/store-artifact.ts';
import type { PipelineActivityDeps } from './deps.ts';

interface Collecting {
  deps: Pick<PipelineActivityDeps, 'db' | 'store' | 'executor' | 'limits'>;
  run: { id: string };
  plan: Pick<StepPlan, 'name' | 'artifacts'>;
  masker: Pick<Masker, 'text'>;
  writer: Pick<LogWriter, 'note'>;
}

/**
 * Stores the step's artifacts, all together no more than a step may have. One that is not there, or that is too much, fails
 * the step: the sentence is given, else null.
 */
export async function collectArtifacts(
  { deps, run, plan, masker, writer }: Collecting,
  mount: WorkspaceMount,
): Promise<string | null> {
  const left = { ...defaultCollectLimits, bytes: deps.limits.diskBytes };
  for (const artifact of plan.artifacts) {
    let count = 0;
    try {
      for await (const file of deps.executor.collect(mount, [artifact.path], { ...left })) {
        await storeArtifact(deps.db, deps.store, {
          pipelineId: run.id,
          stepName: plan.name,
          name: artifact.name,
          path: masker.text(file.path),
          body: file.stream,
          expiresAt: artifact.expiresMs === null ? null : new Date(Date.now() + artifact.expiresMs),
        });
        count += 1;
        left.files -= 1;
        left.bytes -= file.size;
      }
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'unprocessable') throw error;
      return await failed(writer, `artifact ${artifact.name}: ${error.message} (${artifact.path})`);
    }
    if (count === 0) {
      return await failed(writer, `artifact ${artifact.name}: no file matches ${artifact.path}`);
    }
    await writer.note(`artifact ${artifact.name}: ${String(count)} file(s) stored`);
  }
  return null;
}

async function failed(writer: Pick<LogWriter, 'note'>, sentence: string): Promise<string> {
  await writer.note(sentence);
  return sentence;
}
