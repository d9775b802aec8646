import { useMemo, useState } from 'preact/hooks';
import type { Diff, FileChange } from '../../api/types.ts';
import { splitPatch } from '../../lib/split-patch.ts';

/** A short mark of a text: another patch of the file is to be viewed again. */
function markOf(text: string): string {
  let hash = 5381;
  for (let i = 0; i < text.length; i += 1) hash = (Math.imul(hash, 33) ^ text.charCodeAt(i)) >>> 0;
  return `${hash.toString(36)}.${text.length.toString(36)}`;
}

function read(place: string): Record<string, string> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(place) ?? '{}');
    return typeof kept === 'object' && kept !== null ? { ...kept } : {};
  } catch {
    return {};
  }
}

/** Which files of a merge request one has viewed; kept in this browser, until the file changes again. */
export function useViewed(
  id: string,
  diff: Diff,
): {
  isViewed: (file: FileChange) => boolean;
  onViewed: (file: FileChange, viewed: boolean) => void;
} {
  const place = `slipway.viewed.${id}`;
  const [kept, setKept] = useState(() => read(place));
  const marks = useMemo(() => {
    const patches = splitPatch(diff.patch);
    return new Map(diff.files.map((file, index) => [file.path, markOf(patches[index] ?? '')]));
  }, [diff.patch]);
  return {
    isViewed: (file) => kept[file.path] !== undefined && kept[file.path] === marks.get(file.path),
    onViewed: (file, viewed) => {
      const rest = Object.entries(kept).filter(([path]) => path !== file.path);
      const mark = marks.get(file.path);
      const next = Object.fromEntries(
        viewed && mark !== undefined ? [...rest, [file.path, mark]] : rest,
      );
      setKept(next);
      try {
        localStorage.setItem(place, JSON.stringify(next));
      } catch {
        // storage is full or forbidden: the marks hold while the page is open
      }
    },
  };
}
