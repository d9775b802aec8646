import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { type ApiProblem, toProblem } from '../../api/problem.ts';
import { type IssueInput, updateIssue } from '../../api/issues.ts';
import type { ProjectRef } from '../../api/resources.ts';
import type { IssueDetail } from '../../api/types.ts';
import { invalidate } from '../../app/load.ts';
import { projectPath, withQuery } from '../../app/location.ts';
import { ProblemBox } from '../../components/feedback.tsx';
import { Label } from '../../components/label.tsx';
import { Section } from '../../components/page.tsx';
import { Person } from '../../components/person.tsx';
import { Time } from '../../components/time.tsx';
import { AssigneeField, IssueLabels } from './issue-form.tsx';

/** Who works on it and its labels: each is saved as it is changed, and goes back when that fails. */
export function IssueSide({ issue, at }: { issue: IssueDetail; at: ProjectRef }): JSX.Element {
  const [labels, setLabels] = useState(issue.labels);
  const [assignee, setAssignee] = useState(issue.assignee?.name ?? '');
  const words = issue.labels.join('\n');
  const reset = (): void => {
    setLabels(issue.labels);
    setAssignee(issue.assignee?.name ?? '');
  };
  // somebody else changed it, or the server tidied what was typed
  useEffect(reset, [words, issue.assignee?.name]);
  const [problem, setProblem] = useState<ApiProblem>();
  const queue = useRef(Promise.resolve());
  // one after the other: what is picked while another change is on its way is not lost
  const save = (input: IssueInput): void => {
    queue.current = queue.current
      .then(() => updateIssue(at, issue.number, input))
      .then(
        () => {
          setProblem(undefined);
          invalidate('issues');
        },
        (error: unknown) => {
          setProblem(toProblem(error));
          reset();
        },
      );
  };
  const { write } = issue.permissions;
  return (
    <aside class="stack" aria-label="About this issue">
      {problem && <ProblemBox problem={problem} what="Not saved" />}
      {write ? (
        <>
          <AssigneeField
            at={at}
            value={assignee}
            problem={problem}
            onValue={(name) => {
              setAssignee(name);
              save({ assignee: name === '' ? null : name });
            }}
          />
          <IssueLabels
            at={at}
            labels={labels}
            problem={problem}
            onLabels={(next) => {
              setLabels(next);
              save({ labels: next });
            }}
          />
        </>
      ) : (
        <>
          <Section title="Assignee">
            {issue.assignee ? <Person user={issue.assignee} /> : <p class="muted">Nobody</p>}
          </Section>
          <Section title="Labels">
            <div class="row wrap">
              {issue.labels.length === 0 && <p class="muted">None</p>}
              {issue.labels.map((label) => (
                <Label
                  key={label}
                  label={label}
                  href={withQuery(projectPath(at.owner, at.project, '/issues'), { label })}
                />
              ))}
            </div>
          </Section>
        </>
      )}
      <p class="meta">
        Changed <Time at={issue.updatedAt} />
      </p>
    </aside>
  );
}
