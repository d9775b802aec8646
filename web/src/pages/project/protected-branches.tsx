import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.ts';
import { projectParams } from '../../api/resources.ts';
import type { ProtectedBranch } from '../../api/types.ts';
import { invalidate, useAction, useLoad } from '../../app/load.ts';
import { toast } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { Empty, Show } from '../../components/feedback.tsx';
import { Section } from '../../components/page.tsx';
import { Table } from '../../components/table.tsx';
import { styleWords } from '../review/review-words.tsx';
import type { ProjectPageProps } from '../project-page-props.ts';
import { protectedBase, ProtectDialog } from './protect-dialog.tsx';

/** Rules that keep branches from being pushed over, moved or deleted. */
export function ProtectedBranches({ at, may }: Pick<ProjectPageProps, 'at' | 'may'>): JSX.Element {
  /** the rule that is changed; `new` makes one */
  const [open, setOpen] = useState<ProtectedBranch | 'new' | null>(null);
  const key = `repository/${at.owner}/${at.project}/protected`;
  const list = useLoad(key, () => call('get', protectedBase, { path: projectParams(at) }));
  const manage = may('project:delegate');
  const remove = useAction(async (rule: ProtectedBranch) => {
    await call('delete', `${protectedBase}/{id}`, { path: { ...projectParams(at), id: rule.id } });
    invalidate('repository');
    toast(`${rule.pattern} is no longer protected`);
  });
  return (
    <Section
      title="Protected branches"
      aside={
        manage && (
          <Button
            small
            icon="plus"
            onClick={() => {
              setOpen('new');
            }}
          >
            Protect
          </Button>
        )
      }
    >
      <Show loaded={list} rows={2} what="Protected branches">
        {({ items }) =>
          items.length === 0 ? (
            <Empty icon="shield" title="No branch is protected">
              A rule says who may push, and what has to hold before something is merged: approvals,
              checks, code owners.
            </Empty>
          ) : (
            <Table<ProtectedBranch>
              label="Protected branches"
              rows={items}
              rowKey={(rule) => rule.id}
              columns={[
                {
                  title: 'Pattern',
                  role: 'main',
                  cell: (rule) => <code class="strong">{rule.pattern}</code>,
                },
                { title: 'Pushes', cell: (rule) => pushWords(rule) },
                { title: 'To merge', cell: (rule) => mergeWords(rule) },
                {
                  title: '~Actions',
                  role: 'end',
                  cell: (rule) =>
                    manage && (
                      <span class="row tightest end">
                        <Button
                          small
                          kind="quiet"
                          icon="edit"
                          label={`Change ${rule.pattern}`}
                          onClick={() => {
                            setOpen(rule);
                          }}
                        />
                        <Button
                          small
                          kind="quiet"
                          pending={remove.pending}
                          onClick={() => {
                            remove.run(rule);
                          }}
                        >
                          Remove
                        </Button>
                      </span>
                    ),
                },
              ]}
            />
          )
        }
      </Show>
      {open !== null && (
        <ProtectDialog
          at={at}
          known={open === 'new' ? undefined : open}
          onClose={() => {
            setOpen(null);
          }}
        />
      )}
    </Section>
  );
}

/** Who pushes what, in a few words. */
function pushWords(rule: ProtectedBranch): string {
  const named = rule.pushUserIds.length;
  const who = rule.allowWriters
    ? 'whoever may write'
    : named === 0
      ? 'nobody directly'
      : `${named} named ${named === 1 ? 'person' : 'people'}`;
  const more = [rule.allowForcePush && 'forced', rule.allowDeletion && 'deletion'].filter(Boolean);
  return more.length === 0 ? who : `${who}; ${more.join(' and ')} allowed`;
}

/** What has to hold before something is merged. */
function mergeWords(rule: ProtectedBranch): string {
  const { requiredApprovals: approvals, requiredChecks: checks, mergeStyles: styles } = rule;
  const parts = [
    approvals > 0 && `${approvals} ${approvals === 1 ? 'approval' : 'approvals'}`,
    checks.length > 0 && `checks ${checks.join(', ')}`,
    rule.requireCodeOwners && 'code owners',
    !rule.vouches && !rule.allowWriters && 'answers for no secrets',
    !rule.speaks && !rule.allowWriters && 'answers for no deployments',
    styles.length > 0 && styles.map((style) => styleWords[style].word.toLowerCase()).join(' or '),
  ].filter(Boolean);
  return parts.length === 0 ? 'nothing more' : parts.join(' · ');
}
