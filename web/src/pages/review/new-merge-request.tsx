import type { JSX } from 'preact';
import { useLocation } from 'preact-iso';
import { useEffect } from 'preact/hooks';
import { deferred } from '../../components/deferred.tsx';
import { findBranches, listCommits } from '../../api/repository.ts';
import { compare, createMergeRequest } from '../../api/reviews.ts';
import type { Commit } from '../../api/types.ts';
import { useCrumbs } from '../../app/breadcrumb.tsx';
import { useDraft } from '../../app/draft.ts';
import { invalidate, useAction, useLoad } from '../../app/load.ts';
import { projectPath, useQuery } from '../../app/location.ts';
import { Button } from '../../components/button.tsx';
import { Empty, ProblemBox, Show } from '../../components/feedback.tsx';
import { Section } from '../../components/page.tsx';
import { RefPicker } from '../../components/ref-picker.tsx';
import { textOrNull, TitleAndText } from '../../components/title-and-text.tsx';
import type { ProjectPageProps } from '../project-page-props.ts';
import { CommitList } from './commit-list.tsx';
import { mergeRequestPath } from './review-words.tsx';

const DiffView = deferred(() => import('../../components/diff-view.tsx').then((m) => m.DiffView));

type At = ProjectPageProps['at'];

/** Opens a merge request: one picks the branches, sees what it would bring, and says what it is for. */
export function NewMergeRequest({ project, at }: ProjectPageProps): JSX.Element {
  const { query, setQuery } = useQuery();
  // whether there are two at all
  const key = `repository/${at.owner}/${at.project}/branches`;
  const branches = useLoad(key, (signal) => findBranches(at, '', signal));
  const list = projectPath(at.owner, at.project, '/merge-requests');
  useCrumbs([
    { text: `${at.owner}/${at.project}`, href: projectPath(at.owner, at.project) },
    { text: 'Merge requests', href: list },
    { text: 'New merge request', href: `${list}/new` },
  ]);
  const target = query['target'] ?? project.defaultBranch;
  return (
    <Show loaded={branches} rows={4} what="Branches">
      {({ items }) => (
        <div class="stack">
          <h2>New merge request</h2>
          <Ends
            at={at}
            source={query['source'] ?? ''}
            target={target}
            onPick={(change) => {
              setQuery(change);
            }}
          />
          {items.length < 2 ? (
            <Empty icon="branch" title="There is nothing to merge yet">
              Push a second branch: git switch -c my-change, commit, git push -u origin my-change.
            </Empty>
          ) : query['source'] ? (
            <Proposal
              key={`${query['source']} ${target}`}
              at={at}
              source={query['source']}
              target={target}
            />
          ) : (
            <Empty icon="merge-request" title="Pick the branch with your change">
              Its commits and what they change show here before anything is opened.
            </Empty>
          )}
        </div>
      )}
    </Show>
  );
}

function Ends({
  at,
  source,
  target,
  onPick,
}: {
  at: At;
  source: string;
  target: string;
  onPick: (change: { source?: string; target?: string }) => void;
}): JSX.Element {
  return (
    <div class="ends">
      <RefPicker
        label="Merge"
        at={at}
        value={source}
        onValue={(value) => {
          onPick({ source: value });
        }}
        autoFocus
        except={target}
      />
      <RefPicker
        label="into"
        at={at}
        value={target}
        onValue={(value) => {
          onPick({ target: value });
        }}
        except={source}
      />
    </div>
  );
}

/** Commits of a branch until where it leaves the other one. */
async function commitsSince(
  at: At,
  source: string,
  base: string | null,
  signal: AbortSignal,
): Promise<{ commits: Commit[]; more: boolean }> {
  const page = await listCommits(at, { ref: source }, signal);
  const end = page.items.findIndex((commit) => commit.sha === base);
  return end < 0
    ? { commits: page.items, more: page.nextCursor !== null }
    : { commits: page.items.slice(0, end), more: false };
}

function Proposal({ at, source, target }: { at: At; source: string; target: string }): JSX.Element {
  const key = `repository/${at.owner}/${at.project}/compare/${target}...${source}`;
  const proposal = useLoad(key, async (signal) => {
    const changes = await compare(at, target, source, signal);
    return { changes, ...(await commitsSince(at, source, changes.base, signal)) };
  });
  return (
    <Show loaded={proposal} rows={6} what="Changes">
      {({ changes, commits, more }) =>
        commits.length === 0 ? (
          <Empty icon="check" title={`${target} has all of it already`}>
            {source} has no commit that {target} has not. Commit something to it and push.
          </Empty>
        ) : (
          <>
            <Form at={at} source={source} target={target} commits={commits} />
            <Section title={`Commits (${commits.length}${more ? '+' : ''})`}>
              <CommitList commits={commits} at={at} />
            </Section>
            <Section title="Changes">
              <DiffView diff={changes.diff} />
            </Section>
          </>
        )
      }
    </Show>
  );
}

function Form({
  at,
  source,
  target,
  commits,
}: {
  at: At;
  source: string;
  target: string;
  commits: readonly Commit[];
}): JSX.Element {
  const { route } = useLocation();
  const place = `mr.${at.owner}/${at.project}/${source}`;
  const only = commits.length === 1 ? commits[0] : undefined;
  const words = source.replace(/^.*\//, '').replace(/[-_]+/g, ' ');
  const title = useDraft(`${place}.title`, only?.subject ?? words);
  const body = useDraft(`${place}.body`, only?.body.trim() ?? '');
  const create = useAction(async () => {
    const made = await createMergeRequest(at, {
      title: title.text,
      body: textOrNull(body),
      sourceBranch: source,
      targetBranch: target,
    });
    title.clear();
    body.clear();
    invalidate('merge-requests');
    route(mergeRequestPath(at, made.number));
  });
  const { problem } = create;
  useEffect(() => {
    if (problem) document.querySelector('.problem')?.scrollIntoView({ block: 'nearest' });
  }, [problem]);
  return (
    <form
      class="stack"
      aria-label="New merge request"
      onSubmit={(event) => {
        event.preventDefault();
        create.run();
      }}
    >
      {problem && <ProblemBox problem={problem} what="Not opened" />}
      <TitleAndText
        at={at}
        title={title}
        body={body}
        problem={problem}
        onSend={create.run}
        rows={6}
        autoFocus={false}
        placeholder="What and why. “Closes #12” closes that issue when this reaches the default branch."
      />
      <div class="row">
        <Button
          type="submit"
          kind="primary"
          icon="merge-request"
          pending={create.pending}
          disabled={title.text.trim() === ''}
        >
          Open merge request
        </Button>
        <a href={projectPath(at.owner, at.project, '/merge-requests')}>Back to merge requests</a>
      </div>
    </form>
  );
}
