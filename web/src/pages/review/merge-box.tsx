import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ProjectRef } from '../../api/resources.ts';
import { cancelAutoMerge, getMergeability, updateMergeRequest } from '../../api/reviews.ts';
import type { Mergeability, MergeRequestDetail, MergeRule, MergeStyle } from '../../api/types.ts';
import { useAction, useKept, useLoad } from '../../app/load.ts';
import { projectPath } from '../../app/location.ts';
import { toast } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { Show } from '../../components/feedback.tsx';
import { Icon } from '../../components/icon.tsx';
import { personName } from '../../components/person.tsx';
import { Time } from '../../components/time.tsx';
import { shortSha } from '../../lib/time.ts';
import { MergeForm } from './merge-form.tsx';
import { styleWords } from './review-words.tsx';
import { refresh } from './threads.ts';

interface BoxProps {
  mergeRequest: MergeRequestDetail;
  at: ProjectRef;
}

/** Whether it can be merged: each rule with what is missing, and the button. */
export function MergeBox({ mergeRequest, at }: BoxProps): JSX.Element | null {
  if (mergeRequest.status === 'merged') return <Merged mergeRequest={mergeRequest} at={at} />;
  if (mergeRequest.status === 'closed') return null;
  return <OpenBox mergeRequest={mergeRequest} at={at} />;
}

function Merged({ mergeRequest, at }: BoxProps): JSX.Element {
  const { mergeSha, mergedBy, mergedAt, mergeStyle } = mergeRequest;
  return (
    <section class="merge-box state-blocked" aria-label="Merged">
      <div class="merge-head">
        <Icon name="merge" />
        <p>
          <strong>Merged</strong> into <code>{mergeRequest.targetBranch}</code>
          {mergedBy && ` by ${personName(mergedBy)}`} {mergedAt && <Time at={mergedAt} />}
          {mergeSha && (
            <>
              {' as '}
              <a href={projectPath(at.owner, at.project, `/commits/${mergeSha}`)}>
                <code>{shortSha(mergeSha)}</code>
              </a>
            </>
          )}
          {mergeStyle && <span class="muted"> ({styleWords[mergeStyle].word.toLowerCase()})</span>}
        </p>
      </div>
    </section>
  );
}

function OpenBox({ mergeRequest, at }: BoxProps): JSX.Element {
  const [picked, setPicked] = useState<MergeStyle>();
  const key = `mergeability/${at.owner}/${at.project}/${mergeRequest.number}/${picked ?? ''}`;
  const rules = useKept(
    useLoad(key, (signal) => getMergeability(at, mergeRequest.number, picked, signal)),
  );
  return (
    <section class={`merge-box state-${toneOf(rules.data)}`} aria-label="Can it be merged?">
      <Show loaded={rules} rows={3} what="Rules">
        {(data) => (
          <>
            <Verdict rules={data} mergeRequest={mergeRequest} />
            <RuleList rules={data.rules} mergeRequest={mergeRequest} at={at} />
            {mergeRequest.autoMerge && <WaitsToMerge mergeRequest={mergeRequest} at={at} />}
            {mergeRequest.permissions.merge && !mergeRequest.autoMerge && (
              <MergeForm
                key={mergeRequest.headSha}
                mergeRequest={mergeRequest}
                at={at}
                rules={data}
                onStyle={setPicked}
              />
            )}
          </>
        )}
      </Show>
    </section>
  );
}

const notPassed = (rules: readonly MergeRule[]): MergeRule[] =>
  rules.filter((rule) => rule.state !== 'passed');

function toneOf(data: Mergeability | undefined): string {
  if (data === undefined) return 'queued';
  if (data.mergeable) return 'success';
  return data.rules.some((rule) => rule.state === 'missing') ? 'waiting' : 'running';
}

function Verdict({
  rules,
  mergeRequest,
}: {
  rules: Mergeability;
  mergeRequest: MergeRequestDetail;
}): JSX.Element {
  const open = notPassed(rules.rules);
  const pending = open.every((rule) => rule.state === 'pending');
  const threads = mergeRequest.unresolvedThreads;
  return (
    <div class="merge-head" role="status">
      <Icon name={rules.mergeable ? 'success' : pending ? 'clock' : 'waiting'} />
      <div>
        <strong>
          {rules.mergeable
            ? 'Ready to merge'
            : pending
              ? 'Waiting for checks'
              : `Not ready: ${open.length} of ${rules.rules.length} rules ${open.length === 1 ? 'has' : 'have'} not passed`}
        </strong>
        {threads > 0 && (
          <p class="meta">
            {threads} unresolved {threads === 1 ? 'thread' : 'threads'}
          </p>
        )}
      </div>
    </div>
  );
}

const ruleNames: Readonly<Record<string, string>> = {
  status: 'Open',
  draft: 'Draft',
  branches: 'Branches',
  commits: 'Commits',
  conflicts: 'Conflicts',
  merge_style: 'Way of merging',
  changes_requested: 'Requested changes',
  approvals: 'Approvals',
  code_owners: 'Code owners',
};

const ruleStates = {
  passed: { word: 'Passed', tone: 'success', icon: 'success' },
  missing: { word: 'Missing', tone: 'failure', icon: 'failure' },
  pending: { word: 'Pending', tone: 'running', icon: 'queued' },
} as const;

function nameOf(rule: string): string {
  return rule.startsWith('check:') ? `Check: ${rule.slice(6)}` : (ruleNames[rule] ?? rule);
}

/** What is open comes first and is told in full; what has passed is folded. */
function RuleList({ rules, ...of }: BoxProps & { rules: readonly MergeRule[] }): JSX.Element {
  const open = notPassed(rules);
  const passed = rules.filter((rule) => rule.state === 'passed');
  return (
    <>
      {open.length > 0 && (
        <ul class="rules" aria-label="Rules that have not passed">
          {open.map((rule) => (
            <Rule key={rule.rule} rule={rule}>
              {rule.rule === 'draft' &&
                of.mergeRequest.draft &&
                of.mergeRequest.permissions.write && <Ready {...of} />}
            </Rule>
          ))}
        </ul>
      )}
      {passed.length > 0 && (
        <details class="rules-passed">
          <summary>
            {passed.length} {passed.length === 1 ? 'rule has' : 'rules have'} passed
          </summary>
          <ul class="rules" aria-label="Rules that have passed">
            {passed.map((rule) => (
              <Rule key={rule.rule} rule={rule} />
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

function Rule({ rule, children }: { rule: MergeRule; children?: ComponentChildren }): JSX.Element {
  const { word, tone, icon } = ruleStates[rule.state];
  const listed = rule.missing.filter((item) => !rule.detail.includes(item));
  return (
    <li class={`rule state-${tone}`}>
      <Icon name={icon} />
      <div class="grow">
        <p>
          <strong>{nameOf(rule.rule)}</strong> <span class="hidden-visually">{word}. </span>
          <span class="muted">{rule.detail}</span>
        </p>
        {rule.state !== 'passed' && listed.length > 0 && (
          <ul class="rule-missing mono">
            {listed.map((item) => (
              <li key={item}>{item}</li>
            ))}
          </ul>
        )}
      </div>
      {children}
    </li>
  );
}

/** Takes the mark of a draft from the title. */
function Ready({ mergeRequest, at }: BoxProps): JSX.Element {
  const ready = useAction(async () => {
    try {
      await updateMergeRequest(at, mergeRequest.number, { draft: false });
    } catch (error) {
      toast(error instanceof Error ? error.message : 'That did not work.', 'failure');
    }
    refresh();
  });
  return (
    <Button
      pending={ready.pending}
      onClick={() => {
        ready.run();
      }}
    >
      Mark as ready
    </Button>
  );
}

/** It merges itself as soon as all rules pass; that can be called off. */
function WaitsToMerge({ mergeRequest, at }: BoxProps): JSX.Element {
  const cancel = useAction(async () => {
    try {
      await cancelAutoMerge(at, mergeRequest.number);
    } catch (error) {
      toast(error instanceof Error ? error.message : 'That did not work.', 'failure');
    }
    refresh();
  });
  const { autoMerge } = mergeRequest;
  return (
    <div class="merge-foot">
      <p class="grow">
        <strong>Merges itself when all rules pass</strong>{' '}
        <span class="muted">
          {autoMerge && styleWords[autoMerge.style].word.toLowerCase()}
          {autoMerge?.by && `, in the name of ${personName(autoMerge.by)}`}. A push calls it off.
        </span>
      </p>
      {mergeRequest.permissions.write && (
        <Button
          pending={cancel.pending}
          onClick={() => {
            cancel.run();
          }}
        >
          Call it off
        </Button>
      )}
    </div>
  );
}
