import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ProjectRef } from '../../api/resources.ts';
import { addComment, editComment, settleThread } from '../../api/reviews.ts';
import type { MergeRequestDetail, ThreadComment } from '../../api/types.ts';
import { useAction } from '../../app/load.ts';
import { toast } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { CommentForm } from '../../components/comment-form.tsx';
import { Icon } from '../../components/icon.tsx';
import { personName } from '../../components/person.tsx';
import { Remark } from '../../components/remark.tsx';
import { Time } from '../../components/time.tsx';
import { isOutdated, refresh, type Thread } from './threads.ts';

interface ThreadProps {
  thread: Thread;
  mergeRequest: MergeRequestDetail;
  at: ProjectRef;
  /** in the conversation: says which file and line, and leads there */
  href?: string | undefined;
  /** under its line: which line it is about is plain to see */
  inline?: boolean;
}

/** A comment and its answers; one on a line can be resolved, and is then folded. */
export function ThreadView({
  thread,
  mergeRequest,
  at,
  href,
  inline = false,
}: ThreadProps): JSX.Element {
  const { root } = thread;
  const settled = root.resolved !== null;
  const [open, setOpen] = useState<boolean>();
  const shown = open ?? !settled;
  return (
    <section class="thread" aria-label={`Thread of ${personName(root.author)}`}>
      {root.position && (settled || !inline) && (
        <header class="thread-head">
          <Place thread={thread} href={href} />
          {isOutdated(thread) && <span class="chip">outdated</span>}
          {root.resolved && (
            <span class="meta">
              resolved {root.resolved.by && `by ${personName(root.resolved.by)} `}
              <Time at={root.resolved.at} />
            </span>
          )}
          {settled && (
            <Button
              kind="quiet"
              small
              onClick={() => {
                setOpen(!shown);
              }}
            >
              {shown ? 'Fold' : `Show ${thread.replies.length + 1}`}
            </Button>
          )}
        </header>
      )}
      {shown && (
        <>
          {[root, ...thread.replies].map((comment) => (
            <ThreadRemark key={comment.id} comment={comment} at={at} number={mergeRequest.number} />
          ))}
          {mergeRequest.permissions.comment && (
            <Answer thread={thread} mergeRequest={mergeRequest} at={at} />
          )}
        </>
      )}
    </section>
  );
}

function Place({ thread, href }: { thread: Thread; href: string | undefined }): JSX.Element {
  const { position, current } = thread.root;
  const path = current?.path ?? position?.path ?? '';
  const line = current?.line ?? position?.line ?? 0;
  const words = `${path}:${line}`;
  return (
    <span class="grow row tightest truncate">
      <Icon name="code" size={12} />
      {href ? (
        <a class="mono truncate" href={href}>
          {words}
        </a>
      ) : (
        <span class="mono truncate">{words}</span>
      )}
      {position?.side === 'old' && <span class="meta">before the change</span>}
    </span>
  );
}

function ThreadRemark({
  comment,
  at,
  number,
}: {
  comment: ThreadComment;
  at: ProjectRef;
  number: number;
}): JSX.Element {
  return (
    <Remark
      id={comment.id}
      author={comment.author}
      at={at}
      createdAt={comment.createdAt}
      updatedAt={comment.updatedAt}
      body={comment.body}
      did={comment.threadId === null ? 'commented' : 'answered'}
      onEdit={async (body) => {
        await editComment(at, number, comment.id, body);
        refresh();
      }}
    />
  );
}

/** A quiet line until somebody wants to answer. */
function Answer({ thread, mergeRequest, at }: ThreadProps): JSX.Element {
  const [writing, setWriting] = useState(false);
  const { root } = thread;
  const settle = useAction(async () => {
    try {
      await settleThread(at, mergeRequest.number, root.id, root.resolved === null);
    } catch (error) {
      toast(error instanceof Error ? error.message : 'That did not work.', 'failure');
    }
    refresh();
  });
  if (writing) {
    return (
      <div class="thread-form">
        <CommentForm
          at={at}
          draft={`answer.${root.id}`}
          label="Answer"
          submit="Answer"
          rows={3}
          autoFocus
          onClose={() => {
            setWriting(false);
          }}
          send={async (body) => {
            await addComment(at, mergeRequest.number, { body, replyTo: root.id });
            refresh();
          }}
        />
      </div>
    );
  }
  return (
    <div class="thread-foot">
      <Button
        kind="quiet"
        small
        icon="comment"
        onClick={() => {
          setWriting(true);
        }}
      >
        Answer
      </Button>
      {root.position && (
        <Button
          kind="quiet"
          small
          icon={root.resolved ? 'rerun' : 'check'}
          pending={settle.pending}
          onClick={() => {
            settle.run();
          }}
        >
          {root.resolved ? 'Not resolved yet' : 'Resolve'}
        </Button>
      )}
    </div>
  );
}
