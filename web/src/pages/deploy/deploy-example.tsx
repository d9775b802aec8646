import type { JSX } from 'preact';
import { Command } from '../../components/copy.tsx';
import { Icon } from '../../components/icon.tsx';

const section = `deploy:
  - environment: staging
    image: artifact:app        # or a container image
    manifests: deploy          # folder of manifests in the repository
    bake: 30s
  - environment: production
    image: artifact:app
    manifests: deploy
    approvals: 1
    when: { branch: main }`;

/** What to do when nothing is deployed yet: a section to copy into the definition. */
export function DeployExample({ where }: { where: string }): JSX.Element {
  return (
    <section class="first-steps" aria-labelledby="deploy-first">
      <h2 id="deploy-first" class="row">
        <Icon name="deploy" /> Nothing is deployed yet
      </h2>
      <p class="muted">
        {where} A green pipeline deploys what the <code>deploy:</code> section of its{' '}
        <code>.platform.yaml</code> asks for.
      </p>
      <ol>
        <li>
          <h3>Say what runs where</h3>
          <p class="muted">
            Add this to <code>.platform.yaml</code>, beside <code>steps:</code>, and name what a
            step stores as an artifact.
          </p>
          <Command text={section} />
        </li>
        <li>
          <h3>Push</h3>
          <p class="muted">
            When its pipeline is green, the environment appears here and brings itself to what was
            asked for, wave by wave. If it fails, what served before serves again.
          </p>
        </li>
      </ol>
    </section>
  );
}
