import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { getFile } from '../../api/repository.ts';
import type { ProjectRef } from '../../api/resources.ts';
import { addComment, getChanges } from '../../api/reviews.ts';
import type { Diff, DiffSide, FileChange, MergeRequestDetail } from '../../api/types.ts';
import { useLoad } from '../../app/load.ts';
import { CommentForm } from '../../components/comment-form.tsx';
import { type DiffExtras, lineKey } from '../../components/diff-extras.ts';
import { DiffView } from '../../components/diff-view.tsx';
import { Show } from '../../components/feedback.tsx';
import { ThreadView } from './thread-view.tsx';
import { lineOf, refresh, type Thread, useThreads } from './threads.ts';
import { useViewed } from './viewed.ts';

interface ChangesProps {
  mergeRequest: MergeRequestDetail;
  at: ProjectRef;
}

/** What would be merged, with what people said about its lines. */
export function Changes({ mergeRequest, at }: ChangesProps): JSX.Element {
  const { number, headSha } = mergeRequest;
  const key = `repository/${at.owner}/${at.project}/mr/${number}/${headSha}/diff`;
  const changes = useLoad(key, (signal) => getChanges(at, number, signal));
  const threads = useThreads(at, number);
  return (
    <Show loaded={changes} rows={10} what="Changes">
      {({ diff, head }) => (
        <Reviewed
          mergeRequest={mergeRequest}
          at={at}
          diff={diff}
          head={head}
          threads={threads.data ?? []}
        />
      )}
    </Show>
  );
}

/** A line that somebody began to write about. */
interface Place {
  path: string;
  side: DiffSide;
  line: number;
}

const pathOn = (file: FileChange, side: DiffSide): string =>
  side === 'old' ? (file.oldPath ?? file.path) : file.path;

function Reviewed({
  mergeRequest,
  at,
  diff,
  head,
  threads,
}: ChangesProps & { diff: Diff; head: string; threads: readonly Thread[] }): JSX.Element {
  const [writing, setWriting] = useState<readonly Place[]>([]);
  const viewed = useViewed(mergeRequest.id, diff);
  useLinkedThread(threads.length > 0);
  const placed = useMemo(
    () =>
      threads.flatMap((thread) => {
        const place = lineOf(thread);
        return place ? [{ place, thread }] : [];
      }),
    [threads],
  );
  const same = (one: Place, other: Place): boolean =>
    one.path === other.path && one.side === other.side && one.line === other.line;
  const under = (file: FileChange): Map<string, ComponentChildren> => {
    const words = new Map<string, ComponentChildren[]>();
    const add = ({ path, side, line }: Place, shown: JSX.Element): void => {
      if (path !== pathOn(file, side)) return;
      const key = lineKey(side, line);
      words.set(key, [...(words.get(key) ?? []), shown]);
    };
    for (const { place, thread } of placed) {
      add(
        place,
        <ThreadView
          key={thread.root.id}
          thread={thread}
          mergeRequest={mergeRequest}
          at={at}
          inline
        />,
      );
    }
    for (const place of writing) {
      add(
        place,
        <LineForm
          key={`${place.side}${place.line}`}
          mergeRequest={mergeRequest}
          at={at}
          place={place}
          head={head}
          onClose={() => {
            setWriting((old) => old.filter((each) => !same(each, place)));
          }}
        />,
      );
    }
    return words;
  };
  const extras: DiffExtras = {
    under,
    onPick: mergeRequest.permissions.comment
      ? (file, side, line) => {
          const place = { path: pathOn(file, side), side, line };
          setWriting((old) => [...old.filter((each) => !same(each, place)), place]);
        }
      : undefined,
    ...viewed,
    readLines: async (file) => {
      const { text } = await getFile(at, { ref: head, path: file.path });
      return (text ?? '').split('\n');
    },
  };
  return <DiffView diff={diff} extras={extras} />;
}

function LineForm({
  mergeRequest,
  at,
  place,
  head,
  onClose,
}: ChangesProps & { place: Place; head: string; onClose: () => void }): JSX.Element {
  const { path, side, line } = place;
  return (
    <div class="thread thread-form">
      <CommentForm
        at={at}
        draft={`mr.${mergeRequest.id}.${path}.${side}.${line}`}
        label={`Comment on line ${line}`}
        rows={3}
        autoFocus
        onClose={onClose}
        send={async (body) => {
          await addComment(at, mergeRequest.number, {
            body,
            position: { commitSha: head, path, side, line },
          });
          refresh();
        }}
      />
    </div>
  );
}

/** A link from the conversation names a thread: it is brought into sight once it is there. */
function useLinkedThread(ready: boolean): void {
  useEffect(() => {
    if (!ready || location.hash === '') return undefined;
    const timer = setTimeout(() => {
      document.getElementById(location.hash.slice(1))?.scrollIntoView({ block: 'center' });
    }, 100);
    return () => {
      clearTimeout(timer);
    };
  }, [ready]);
}
