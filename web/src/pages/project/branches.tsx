import type { JSX } from 'preact';
import { listBranches, listTags } from '../../api/repository.ts';
import type { Branch, GitTag } from '../../api/types.ts';
import { useKept, useList, useSettled } from '../../app/load.ts';
import { projectPath, useQuery, withQuery } from '../../app/location.ts';
import { Empty, More, Show } from '../../components/feedback.tsx';
import { Filter } from '../../components/field.tsx';
import { Icon } from '../../components/icon.tsx';
import { Section } from '../../components/page.tsx';
import { Table } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';
import { shortSha } from '../../lib/time.ts';
import type { ProjectPageProps } from '../project-page-props.ts';

/** Branches, then tags; the server finds those with what is typed in their name. */
export function Branches({ at }: ProjectPageProps): JSX.Element {
  const key = `repository/${at.owner}/${at.project}`;
  const { query, setQuery } = useQuery();
  const wanted = useSettled(query['q'] ?? '').trim();
  const q = wanted === '' ? undefined : wanted;
  const branches = useKept(
    useList(`${key}/branch-list/${wanted}`, (cursor, signal) =>
      listBranches(at, { q, cursor }, signal),
    ),
  );
  const tags = useKept(
    useList(`${key}/tag-list/${wanted}`, (cursor, signal) => listTags(at, { q, cursor }, signal)),
  );
  const link = (page: string, ref: string): string =>
    withQuery(projectPath(at.owner, at.project, page), { ref });
  const commit = (sha: string): JSX.Element => (
    <a href={projectPath(at.owner, at.project, `/commits/${sha}`)}>
      <code>{shortSha(sha)}</code>
    </a>
  );
  return (
    <div class="stack">
      <div class="toolbar">
        <Filter
          label="Filter by name"
          value={query['q'] ?? ''}
          onValue={(text) => {
            setQuery({ q: text });
          }}
        />
      </div>
      <Section title="Branches">
        <Show loaded={branches} rows={5} what="Branches">
          {(list) =>
            list.length === 0 ? (
              <Empty icon="branch" title={q === undefined ? 'No branches' : 'No branch found'}>
                {q === undefined ? 'The first push makes one.' : 'None has that in its name.'}
              </Empty>
            ) : (
              <Table<Branch>
                label="Branches"
                rows={list}
                rowKey={(branch) => branch.name}
                columns={[
                  {
                    title: 'Branch',
                    role: 'main',
                    cell: (branch) => (
                      <span class="row">
                        <a
                          class="strong truncate mono"
                          href={link('/tree', branch.name)}
                          data-item=""
                        >
                          {branch.name}
                        </a>
                        {branch.isDefault && <span class="chip">default</span>}
                        {branch.isProtected && (
                          <span class="chip">
                            <Icon name="shield" size={12} /> protected
                          </span>
                        )}
                      </span>
                    ),
                  },
                  {
                    title: 'Newest commit',
                    width: '45%',
                    cell: (branch) => <span class="truncate block muted">{branch.subject}</span>,
                  },
                  { title: 'Commit', cell: (branch) => commit(branch.sha) },
                  {
                    title: 'Changed',
                    role: 'end',
                    cell: (branch) => <Time at={branch.committedAt} />,
                  },
                ]}
              />
            )
          }
        </Show>
        <More list={branches} />
      </Section>
      {(tags.data?.length ?? 0) > 0 && (
        <Section title="Tags">
          <Table<GitTag>
            label="Tags"
            rows={tags.data ?? []}
            rowKey={(tag) => tag.name}
            columns={[
              {
                title: 'Tag',
                role: 'main',
                cell: (tag) => (
                  <a class="row strong mono" href={link('/tree', tag.name)} data-item="">
                    <Icon name="tag" size={14} /> <span class="truncate">{tag.name}</span>
                  </a>
                ),
              },
              {
                title: 'About',
                width: '45%',
                cell: (tag) => <span class="truncate block muted">{tag.subject}</span>,
              },
              { title: 'Commit', cell: (tag) => commit(tag.sha) },
              { title: 'Made', role: 'end', cell: (tag) => <Time at={tag.taggedAt} /> },
            ]}
          />
          <More list={tags} />
        </Section>
      )}
    </div>
  );
}
