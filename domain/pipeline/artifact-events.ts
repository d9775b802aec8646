import type { Prisma } from '../../prisma/generated/client.ts';
import { publishEvents } from '../event/publish-event.ts';

/** A file of an artifact, as events tell of it. */
export interface ToldFile {
  id: string;
  pipelineId: string;
  stepName: string;
  name: string;
  path: string;
  sha256: string;
  bytes: number;
  projectId: string;
  changeId: string;
}

/**
 * Tells what became of artifacts: one event for each set, however many files it has. Of one alone it names the file, of
 * several their number: an event for each of thousands would hold up whatever comes after them.
 */
export async function tellOfArtifacts(
  tx: Prisma.TransactionClient,
  type: 'artifact.stored' | 'artifact.expired',
  files: readonly ToldFile[],
): Promise<void> {
  const sets = new Map<string, ToldFile[]>();
  for (const file of files) {
    const key = [file.pipelineId, file.stepName, file.name].join('\0');
    const set = sets.get(key);
    if (set === undefined) sets.set(key, [file]);
    else set.push(file);
  }
  const events = [...sets.values()].flatMap((set) => {
    const [first] = set;
    return first === undefined ? [] : [eventOf(type, first, set)];
  });
  if (events.length > 0) await publishEvents(tx, events);
}

function eventOf(
  type: 'artifact.stored' | 'artifact.expired',
  first: ToldFile,
  set: readonly ToldFile[],
) {
  const { projectId, changeId, pipelineId, stepName, name, path, sha256 } = first;
  const isAlone = set.length === 1;
  const sizeBytes = set.reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    ...{ type, projectId, changeId, subjectId: isAlone ? first.id : null },
    message: `${name}: ${isAlone ? path : `${String(set.length)} files`}`,
    payload: {
      ...{ pipelineId, step: stepName, name, files: set.length, sizeBytes },
      ...(isAlone ? { path, sha256 } : {}),
    },
  };
}
