import type { JSX } from 'preact';
import type { ProjectRef } from '../../api/resources.ts';
import { addComment } from '../../api/reviews.ts';
import type { MergeRequestDetail, Review } from '../../api/types.ts';
import { withQuery } from '../../app/location.ts';
import { CommentForm } from '../../components/comment-form.tsx';
import { Show } from '../../components/feedback.tsx';
import { Icon } from '../../components/icon.tsx';
import { Person, personName } from '../../components/person.tsx';
import { Prose } from '../../components/prose.tsx';
import { Remark } from '../../components/remark.tsx';
import { Time } from '../../components/time.tsx';
import { shortSha } from '../../lib/time.ts';
import { MergeBox } from './merge-box.tsx';
import { mergeRequestPath, verdictWords } from './review-words.tsx';
import { ThreadView } from './thread-view.tsx';
import { lineOf, refresh, type Thread, toWords, useReviews, useThreads } from './threads.ts';

interface TabProps {
  mergeRequest: MergeRequestDetail;
  at: ProjectRef;
}

/** What it is for, what was said about it, and whether it can be merged. */
export function Conversation({ mergeRequest, at }: TabProps): JSX.Element {
  const threads = useThreads(at, mergeRequest.number);
  const reviews = useReviews(at, mergeRequest.number);
  const words = threads.data && reviews.data && toWords(threads.data, reviews.data);
  const loaded = { ...threads, data: words, problem: threads.problem ?? reviews.problem };
  return (
    <div class="columns">
      <div class="stack">
        <Remark
          author={mergeRequest.author}
          at={at}
          createdAt={mergeRequest.createdAt}
          body={mergeRequest.body ?? ''}
          did="opened this"
        />
        <Show loaded={loaded} rows={3} what="Conversation">
          {(items) => (
            <div class="stack" role="log" aria-label="Conversation">
              {items.map((word) =>
                word.kind === 'review' ? (
                  <ReviewWord key={word.review.id} review={word.review} at={at} />
                ) : (
                  <ThreadView
                    key={word.thread.root.id}
                    thread={word.thread}
                    mergeRequest={mergeRequest}
                    at={at}
                    href={hrefOf(word.thread, mergeRequest, at)}
                  />
                ),
              )}
            </div>
          )}
        </Show>
        <MergeBox mergeRequest={mergeRequest} at={at} />
        {mergeRequest.permissions.comment ? (
          <CommentForm
            at={at}
            draft={`mr.${at.owner}/${at.project}!${mergeRequest.number}.comment`}
            quiet={mergeRequest.status === 'open'}
            send={async (body) => {
              await addComment(at, mergeRequest.number, { body });
              refresh();
            }}
          />
        ) : (
          <p class="quiet-line">Whoever may write to the project’s issues can comment here.</p>
        )}
      </div>
      <Reviewers reviews={reviews.data ?? []} />
    </div>
  );
}

function hrefOf(
  thread: Thread,
  mergeRequest: MergeRequestDetail,
  at: ProjectRef,
): string | undefined {
  if (lineOf(thread) === null) return undefined;
  const path = mergeRequestPath(at, mergeRequest.number);
  return `${withQuery(path, { tab: 'changes' })}#${thread.root.id}`;
}

function ReviewWord({ review, at }: { review: Review; at: ProjectRef }): JSX.Element {
  const { did, tone, icon } = verdictWords[review.verdict];
  return (
    <article class={`verdict state-${tone}`}>
      <header class="row wrap">
        <Icon name={icon} />
        <span class="line-meta grow">
          <Person user={review.reviewer} />
          <span>
            <strong class="tone">{did}</strong> <code>{shortSha(review.commitSha)}</code>{' '}
            <Time at={review.createdAt} />
          </span>
        </span>
        {review.stale && <StaleMark />}
      </header>
      {review.body !== null && review.body.trim() !== '' && <Prose source={review.body} at={at} />}
    </article>
  );
}

function StaleMark(): JSX.Element {
  return (
    <span
      class="chip"
      title="Of an older commit, or of another target branch: it does not count any more"
    >
      stale
    </span>
  );
}

/** The last verdict of each reviewer. */
function Reviewers({ reviews }: { reviews: readonly Review[] }): JSX.Element {
  const last = new Map<string, Review>();
  for (const review of reviews) {
    if (review.verdict !== 'comment' || !last.has(review.reviewer.id)) {
      last.set(review.reviewer.id, review);
    }
  }
  return (
    <aside class="stack" aria-label="About this merge request">
      <section class="section">
        <header class="section-head">
          <h2>Reviewers</h2>
        </header>
        {last.size === 0 && <p class="muted">Nobody has reviewed it yet.</p>}
        <ul class="stack tight">
          {[...last.values()].map((review) => {
            const { did, tone, icon } = verdictWords[review.verdict];
            return (
              <li key={review.id} class="row">
                <span class="grow truncate">
                  <Person user={review.reviewer} />
                </span>
                {review.stale && <StaleMark />}
                <span
                  class={`status state-${tone}`}
                  title={`${personName(review.reviewer)} ${did}`}
                >
                  <Icon name={icon} label={did} />
                </span>
              </li>
            );
          })}
        </ul>
      </section>
    </aside>
  );
}
