import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageRef } from '../../contracts/deploy/image-ref.ts';
import type { ImageSource } from '../../contracts/deploy/image-source.ts';
import { DomainError } from '../../contracts/problems.ts';
import { turns } from './in-turn.ts';

/** Which projects may run a layer: two may have stored the same bytes. */
export interface LayerOwners {
  /**
   * Asks the source. What it said once holds on while it cannot be asked, and when the artifact's time is over: what runs
   * must be able to start again.
   * @throws DomainError `validation_failed` when the artifact is none of the project
   */
  require(image: ImageRef, projectId: string): Promise<void>;
  /** Writes with the layer that the project may run it. */
  note(image: ImageRef, projectId: string): Promise<void>;
  /** The same for a layer that was made before owners were noted, and for no other. */
  inherit(image: ImageRef, projectId: string): Promise<void>;
}

/** `owners.json` beside `layer.json`: artifact and project of everybody for whom the source said yes. */
export function openLayerOwners(folder: string, source: ImageSource): LayerOwners {
  const inTurn = turns();
  const fileOf = ({ sha256 }: ImageRef): string => join(folder, sha256, 'owners.json');
  const keyOf = ({ name }: ImageRef, projectId: string): string => `${projectId}/${name}`;
  const read = async (image: ImageRef): Promise<string[] | null> => {
    const text = await readFile(fileOf(image), 'utf8').catch(() => null);
    return text === null ? null : (JSON.parse(text) as string[]);
  };
  const add = async (image: ImageRef, projectId: string, known: readonly string[]) => {
    const all = [...new Set([...known, keyOf(image, projectId)])];
    if (all.length === known.length) return;
    const fresh = `${fileOf(image)}.new`;
    await writeFile(fresh, JSON.stringify(all), { mode: 0o600 });
    await rename(fresh, fileOf(image));
  };
  /** of layers that lie there without owners since before this process began */
  const nameless = new Set<string>();
  return {
    require: async (image, projectId) => {
      const isKnown = async () => (await read(image))?.includes(keyOf(image, projectId)) === true;
      const isOwn = await source.isOf(image, projectId).catch(async (error: unknown) => {
        if (await isKnown()) return true;
        throw error;
      });
      if (isOwn || (await isKnown())) return;
      throw new DomainError('validation_failed', `No run of this project stored ${image.text}.`);
    },
    note: (image, projectId) =>
      inTurn(image.sha256, async () => add(image, projectId, (await read(image)) ?? [])),
    inherit: (image, projectId) =>
      inTurn(image.sha256, async () => {
        const known = await read(image);
        if (known === null) nameless.add(image.sha256);
        if (!nameless.has(image.sha256) || !(await isUnpacked(folder, image))) return;
        await add(image, projectId, known ?? []);
      }),
  };
}

async function isUnpacked(folder: string, { sha256 }: ImageRef): Promise<boolean> {
  return (await readFile(join(folder, sha256, 'layer.json')).catch(() => null)) !== null;
}
