import type { JSX } from 'preact';
import type { Project } from '../../api/types.ts';
import { myName } from '../../app/session.ts';
import { Command } from '../../components/copy.tsx';

const definition = (branch: string): string => `cat > .platform.yaml <<'YAML'
steps:
  - name: test
    commands: [npm ci, npm test]
YAML
git add .platform.yaml
git commit -m "Run the tests on every push"
git push slipway HEAD:${branch}`;

/** A repository without a commit: what to type, with the real address. */
export function EmptyRepository({ project }: { project: Project }): JSX.Element {
  const url = project.cloneUrl.replace('://', `://${encodeURIComponent(myName.value)}@`);
  return (
    <section class="first-steps" aria-labelledby="empty-repository">
      <h2 id="empty-repository">The repository is empty</h2>
      <p class="muted">
        Push what you have, or begin here. Git asks for a password: yours, or an{' '}
        <a href="/settings/tokens">API token</a>.
      </p>
      <ol>
        <li>
          <h3>Push an existing repository</h3>
          <Command
            text={`git remote add slipway ${url}\ngit push slipway HEAD:${project.defaultBranch}`}
          />
        </li>
        <li>
          <h3>Say what runs on each push</h3>
          <Command text={definition(project.defaultBranch)} />
        </li>
        <li>
          <h3>Watch</h3>
          <p class="muted">The pipeline appears under Pipelines the moment the push is accepted.</p>
        </li>
      </ol>
    </section>
  );
}
