import type { JSX } from 'preact';
import type { ProjectRef } from '../../api/resources.ts';
import type { Commit } from '../../api/types.ts';
import { projectPath } from '../../app/location.ts';
import { Copy } from '../../components/copy.tsx';
import { Time } from '../../components/time.tsx';
import { shortSha } from '../../lib/time.ts';

/** Commits as lines that lead to their pages. */
export function CommitList({
  commits,
  at,
}: {
  commits: readonly Commit[];
  at: ProjectRef;
}): JSX.Element {
  return (
    <ul class="line-list" aria-label="Commits">
      {commits.map((commit) => {
        const href = projectPath(at.owner, at.project, `/commits/${commit.sha}`);
        return (
          <li key={commit.sha} class="line-row">
            <div class="grow">
              <a class="line-title truncate" href={href} data-item="">
                {commit.subject || '(no message)'}
              </a>
              <div class="line-meta">
                <span>{commit.author.name}</span>
                <Time at={commit.committer.at} />
              </div>
            </div>
            <div class="row">
              <a href={href}>
                <code>{shortSha(commit.sha)}</code>
              </a>
              <Copy text={commit.sha} label="Copy commit id" />
            </div>
          </li>
        );
      })}
    </ul>
  );
}
