import { defaultCollectLimits, type WorkspaceMount } from '../../adapters/executor/executor.ts';
import type { StepPlan } from '../../contracts/pipeline/types.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { LogWriter } from '../../domain/pipeline/append-log.ts';
import type { Masker } from '../../domain/pipeline/mask.ts';
import { storeArtifacts, type ArtifactFile } from '../../domain/pipeline/store-artifacts.ts';
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
    const told: string[] = [];
    try {
      const limits = { ...left };
      const files = deps.executor.collect(mount, [artifact.path], limits, (line) =>
        told.push(line),
      );
      const counted = async function* (): AsyncGenerator<ArtifactFile> {
        for await (const file of files) {
          left.files -= 1;
          left.bytes -= file.size;
          yield { ...file, path: masker.text(file.path) };
        }
      };
      const set = { pipelineId: run.id, stepName: plan.name, name: artifact.name };
      const expiresAt =
        artifact.expiresMs === null ? null : new Date(Date.now() + artifact.expiresMs);
      count = await storeArtifacts(deps.db, deps.store, { ...set, expiresAt }, counted());
      for (const line of told) await writer.note(`artifact ${artifact.name}: ${masker.text(line)}`);
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
