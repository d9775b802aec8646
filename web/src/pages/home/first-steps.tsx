import type { JSX } from 'preact';
import { useLocation } from 'preact-iso';
import { startDemo } from '../../api/resources.ts';
import { invalidate, useAction } from '../../app/load.ts';
import { projectPath } from '../../app/location.ts';
import { can, myName } from '../../app/session.ts';
import { Button, ButtonLink } from '../../components/button.tsx';
import { Command } from '../../components/copy.tsx';
import { ProblemBox } from '../../components/feedback.tsx';

const definition = `steps:
  - name: test
    commands: [npm ci, npm test]`;

/** A new installation: create, push, watch, with commands that work as they stand; or the sample at one click. */
export function FirstSteps(): JSX.Element {
  const { route } = useLocation();
  const sample = useAction(async () => {
    const { project, pipelineId } = await startDemo();
    invalidate('projects');
    route(pipelineId ? `/pipelines/${pipelineId}` : projectPath(project.owner, project.name));
  });
  const url = new URL(location.origin);
  url.username = myName.value;
  return (
    <section class="first-steps" aria-labelledby="first-steps">
      <h2 id="first-steps">From a repository to a green pipeline</h2>
      <p class="muted">Three steps, about two minutes. Nothing leaves this machine.</p>
      <ol>
        <li>
          <h3>Create a project</h3>
          <p class="muted">It holds a git repository and everything that happens to it.</p>
          {can('project:write') ? (
            <div class="row wrap">
              <ButtonLink href="/projects/new" icon="plus">
                New project
              </ButtonLink>
              <span class="meta">or</span>
              <Button
                kind="primary"
                icon="play"
                pending={sample.pending}
                onClick={() => {
                  sample.run();
                }}
              >
                Try the sample
              </Button>
              <span class="meta">a small link shortener with tests, pushed and run for you</span>
            </div>
          ) : (
            <p class="muted">An administrator can give you a role that creates projects.</p>
          )}
          {sample.problem && (
            <ProblemBox problem={sample.problem} what="The sample was not started" />
          )}
        </li>
        <li>
          <h3>Push</h3>
          <p class="muted">
            Say what to run in <code>.platform.yaml</code>, then push. Git asks for a password:
            yours, or an <a href="/settings/tokens">API token</a>.
          </p>
          <Command text={definition} />
          <Command
            text={`git remote add slipway ${url.origin.replace('://', `://${url.username}@`)}/${url.username}/my-app.git\ngit push slipway main`}
          />
        </li>
        <li>
          <h3>Watch</h3>
          <p class="muted">
            The pipeline appears here the moment the push is accepted, each line of output as it is
            written.
          </p>
        </li>
      </ol>
    </section>
  );
}
