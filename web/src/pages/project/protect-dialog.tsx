import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.ts';
import { projectParams } from '../../api/resources.ts';
import type { MergeStyle, ProtectedBranch } from '../../api/types.ts';
import { invalidate, useAction } from '../../app/load.ts';
import { toast } from '../../app/toasts.ts';
import { CheckField, CheckGroup } from '../../components/check-field.tsx';
import { FormDialog } from '../../components/dialog.tsx';
import { Field } from '../../components/field.tsx';
import { LabelField } from '../../components/label.tsx';
import { styleWords } from '../review/review-words.tsx';
import type { ProjectPageProps } from '../project-page-props.ts';
import { Pushers } from './pushers.tsx';

export const protectedBase = '/api/v1/projects/{owner}/{project}/protected-branches';

type Rule = Omit<ProtectedBranch, 'id' | 'createdAt' | 'vouches' | 'speaks' | 'pushUsers'>;

const fresh: Rule = {
  pattern: 'main',
  allowForcePush: false,
  allowDeletion: false,
  pushUserIds: [],
  allowWriters: false,
  requiredApprovals: 0,
  requiredChecks: [],
  requireCodeOwners: false,
  mergeStyles: [],
};

function ruleOf(known: ProtectedBranch | undefined): Rule {
  if (known === undefined) return fresh;
  const {
    id: _id,
    createdAt: _createdAt,
    vouches: _vouches,
    speaks: _speaks,
    pushUsers: _users,
    ...rule
  } = known;
  return rule;
}

const styles = Object.keys(styleWords) as MergeStyle[];

/** A rule for branches: who may push, and what has to hold before something is merged. Makes one, or changes `known`. */
export function ProtectDialog({
  at,
  known,
  onClose,
}: {
  at: ProjectPageProps['at'];
  known?: ProtectedBranch | undefined;
  onClose: () => void;
}): JSX.Element {
  const [rule, setRule] = useState(ruleOf(known));
  const [approvals, setApprovals] = useState(String(rule.requiredApprovals));
  const change = (part: Partial<Rule>): void => {
    setRule({ ...rule, ...part });
  };
  const save = useAction(async () => {
    const body = { ...rule, requiredApprovals: Number(approvals) };
    const path = projectParams(at);
    if (known === undefined) await call('post', protectedBase, { path, body });
    else await call('patch', `${protectedBase}/{id}`, { path: { ...path, id: known.id }, body });
    invalidate('repository');
    invalidate('mergeability');
    toast(known === undefined ? `${rule.pattern} is protected` : `${rule.pattern} is changed`);
    onClose();
  });
  const { problem } = save;
  return (
    <FormDialog
      title={known === undefined ? 'Protect branches' : `Rule for ${known.pattern}`}
      submit={known === undefined ? 'Protect' : 'Save rule'}
      pending={save.pending}
      problem={problem}
      disabled={rule.pattern.trim() === '' || !/^\d+$/.test(approvals)}
      onSubmit={save.run}
      onClose={onClose}
    >
      <Field
        label="Pattern"
        value={rule.pattern}
        onValue={(pattern) => {
          change({ pattern });
        }}
        required
        autoFocus
        mono
        error={problem?.forField('pattern')}
        help="main, or release/* for all beneath"
      />
      <CheckGroup title="Pushes">
        <CheckField
          label="Whoever may write to the project pushes directly"
          checked={rule.allowWriters}
          onChecked={(allowWriters) => {
            change({ allowWriters });
          }}
        />
        <CheckField
          label="Allow forced pushes"
          checked={rule.allowForcePush}
          onChecked={(allowForcePush) => {
            change({ allowForcePush });
          }}
        />
        <CheckField
          label="Allow deletion"
          checked={rule.allowDeletion}
          onChecked={(allowDeletion) => {
            change({ allowDeletion });
          }}
        />
      </CheckGroup>
      {!rule.allowWriters && (
        <Pushers
          at={at}
          known={known?.pushUsers ?? []}
          ids={rule.pushUserIds}
          onIds={(pushUserIds) => {
            change({ pushUserIds });
          }}
          error={problem?.forField('pushUserIds')}
        />
      )}
      <Field
        label="Required approvals"
        value={approvals}
        onValue={setApprovals}
        error={problem?.forField('requiredApprovals')}
        help="Of the commit that is merged, by others than its author"
      />
      <LabelField
        title="Required checks"
        labels={rule.requiredChecks}
        onLabels={(requiredChecks) => {
          change({ requiredChecks });
        }}
        known={['pipeline']}
        error={problem?.forField('requiredChecks')}
        help="Names of steps, or pipeline for the whole. One that has not reported blocks."
      />
      <CheckField
        label="Owners named in CODEOWNERS have to approve"
        checked={rule.requireCodeOwners}
        onChecked={(requireCodeOwners) => {
          change({ requireCodeOwners });
        }}
      />
      <CheckGroup title="Merge styles" help="None chosen: those of the project.">
        {styles.map((style) => (
          <CheckField
            key={style}
            label={styleWords[style].word}
            checked={rule.mergeStyles.includes(style)}
            onChecked={(isOn) => {
              const others = rule.mergeStyles.filter((each) => each !== style);
              change({ mergeStyles: isOn ? [...others, style] : others });
            }}
          />
        ))}
      </CheckGroup>
    </FormDialog>
  );
}
