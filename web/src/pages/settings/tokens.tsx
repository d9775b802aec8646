import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.ts';
import { listTokens } from '../../api/resources.ts';
import type { Token } from '../../api/types.ts';
import { invalidate, useAction, useList } from '../../app/load.ts';
import { toast } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { Copy } from '../../components/copy.tsx';
import { Dialog, FormDialog } from '../../components/dialog.tsx';
import { Empty, More, Show } from '../../components/feedback.tsx';
import { Field } from '../../components/field.tsx';
import { ProjectPicker } from '../../components/project-picker.tsx';
import { Table } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';

/** Tokens for git and the API: made, shown once, revoked. */
export function Tokens(): JSX.Element {
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<string | null>(null);
  const [revoking, setRevoking] = useState<Token | null>(null);
  const list = useList('tokens', (cursor) => listTokens(cursor));
  return (
    <>
      <div class="toolbar">
        <p class="muted grow">
          For git and the API in place of your password. Each can do only what its scopes say. Only
          one for everything, in all projects, manages your account: tokens, sessions,
          notifications.
        </p>
        <Button
          icon="plus"
          kind="primary"
          onClick={() => {
            setMaking(true);
          }}
        >
          New token
        </Button>
      </div>
      <Show loaded={list} rows={3} what="Tokens">
        {(tokens) =>
          tokens.length === 0 ? (
            <Empty icon="key" title="No tokens">
              Make one to push with git, or to call the API.
            </Empty>
          ) : (
            <TokenTable tokens={tokens} onRevoke={setRevoking} />
          )
        }
      </Show>
      <More list={list} />
      {making && (
        <NewToken
          onClose={() => {
            setMaking(false);
          }}
          onMade={(token) => {
            setMaking(false);
            setMade(token);
          }}
        />
      )}
      {made !== null && (
        <ShowToken
          token={made}
          onClose={() => {
            setMade(null);
          }}
        />
      )}
      {revoking && (
        <Revoke
          token={revoking}
          onClose={() => {
            setRevoking(null);
          }}
        />
      )}
    </>
  );
}

function TokenTable({
  tokens,
  onRevoke,
}: {
  tokens: readonly Token[];
  onRevoke: (token: Token) => void;
}): JSX.Element {
  return (
    <Table<Token>
      label="API tokens"
      rows={tokens}
      rowKey={(token) => token.id}
      columns={[
        { title: 'Name', role: 'main', cell: (token) => <span class="strong">{token.name}</span> },
        { title: 'Scopes', width: '35%', cell: (token) => <Scopes scopes={token.scopes} /> },
        {
          title: 'Used',
          cell: (token) => (token.lastUsedAt ? <Time at={token.lastUsedAt} /> : 'never'),
        },
        {
          title: 'Expires',
          cell: (token) => (token.expiresAt ? <Time at={token.expiresAt} /> : 'never'),
        },
        {
          title: '~Actions',
          role: 'end',
          cell: (token) => (
            <Button
              small
              kind="quiet"
              onClick={() => {
                onRevoke(token);
              }}
            >
              Revoke
            </Button>
          ),
        },
      ]}
    />
  );
}

function Scopes({ scopes }: { scopes: readonly string[] }): JSX.Element {
  return (
    <span class="row wrap">
      {scopes.slice(0, 4).map((scope) => (
        <code key={scope} class="chip">
          {scope}
        </code>
      ))}
      {scopes.length > 4 && (
        <span class="meta" title={scopes.join(', ')}>
          {scopes.length - 4} more
        </span>
      )}
    </span>
  );
}

const choices = [
  ['project:read project:write pipeline:read pipeline:run', 'Push with git and run pipelines'],
  ['project:read pipeline:read', 'Read projects and pipelines'],
  ['*:read', 'Read everything that I may read'],
  ['*:*', 'Everything that I may do, my account included'],
] as const;

const day = 86_400_000;

function NewToken({
  onClose,
  onMade,
}: {
  onClose: () => void;
  onMade: (token: string) => void;
}): JSX.Element {
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<string>(choices[0][0]);
  const [project, setProject] = useState('');
  const [days, setDays] = useState('90');
  const make = useAction(async () => {
    const answer = await call('post', '/api/v1/tokens', {
      body: {
        name,
        scopes: scopes.split(' '),
        projectId: project || null,
        expiresAt: days === '' ? null : new Date(Date.now() + Number(days) * day).toISOString(),
      },
    });
    invalidate('tokens');
    onMade(answer.token);
  });
  return (
    <FormDialog
      title="New API token"
      submit="Make token"
      pending={make.pending}
      problem={make.problem}
      disabled={name.trim() === ''}
      onSubmit={() => {
        make.run();
      }}
      onClose={onClose}
    >
      <Field
        label="Name"
        value={name}
        onValue={setName}
        required
        autoFocus
        error={make.problem?.forField('name')}
        help="What it is for, such as laptop"
      />
      <Field
        label="It may"
        value={scopes}
        onValue={setScopes}
        options={choices}
        error={make.problem?.forField('scopes')}
      />
      <ProjectPicker label="In" value={project} onValue={setProject} none="All projects" />
      <Field
        label="Expires"
        value={days}
        onValue={setDays}
        error={make.problem?.forField('expiresAt')}
        options={[
          ['7', 'In 7 days'],
          ['30', 'In 30 days'],
          ['90', 'In 90 days'],
          ['365', 'In a year'],
          ['', 'Never'],
        ]}
      />
    </FormDialog>
  );
}

function ShowToken({ token, onClose }: { token: string; onClose: () => void }): JSX.Element {
  return (
    <Dialog title="Your new token" onClose={onClose}>
      <div class="stack">
        <p>Copy it now. It is not kept anywhere and cannot be shown again.</p>
        <div class="command">
          <pre tabIndex={0} role="group" aria-label="Token">
            {token}
          </pre>
          <Copy text={token} label="Copy token" />
        </div>
        <footer class="dialog-foot">
          <Button kind="primary" onClick={onClose}>
            I have copied it
          </Button>
        </footer>
      </div>
    </Dialog>
  );
}

function Revoke({ token, onClose }: { token: Token; onClose: () => void }): JSX.Element {
  const revoke = useAction(async () => {
    await call('delete', '/api/v1/tokens/{id}', { path: { id: token.id } });
    invalidate('tokens');
    toast(`${token.name} is revoked`);
    onClose();
  });
  return (
    <FormDialog
      title={`Revoke ${token.name}`}
      submit="Revoke token"
      danger
      pending={revoke.pending}
      problem={revoke.problem}
      onSubmit={() => {
        revoke.run();
      }}
      onClose={onClose}
    >
      <p>Whatever uses it is refused from now on.</p>
    </FormDialog>
  );
}
