import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { registryVariables, homeTarget, type SandboxOptions } from './options.ts';

/** What every step sees besides its own `env`. */
export interface StepEnvironment {
  variables: Readonly<Record<string, string>>;
  /** content of the global npmrc inside, without credentials */
  npmrc: string;
  /** registries and proxies named by the operator, for the network's allow list */
  services: readonly string[];
}

/** Where the sandbox shows the npmrc. */
export const npmrcTarget = '/etc/slipway/npmrc';

/** npmrc keys that say where packages come from; none of them can hold a token. */
const npmrcKeys = /^(?:(?:@[\w.-]+:)?registry|cafile|proxy|https-proxy|noproxy|strict-ssl)$/;

/**
 * The allow-list: a fixed part, the variables that the operator passes on, and the operator's npm settings. User names
 * and passwords are cut from URLs: a step must not get a credential that nobody named for it.
 */
export async function readStepEnvironment(
  options: SandboxOptions,
  path: string,
): Promise<StepEnvironment> {
  const inherit = options.registrySettings !== 'none';
  const passed: Record<string, string> = {};
  const pass = (name: string, change: (value: string) => string): void => {
    const value = options.hostEnv[name];
    if (value !== undefined && value !== '') passed[name] = change(value);
  };
  for (const name of inherit ? registryVariables : []) pass(name, stripUserInfo);
  for (const name of options.passEnv ?? []) if (!isOfCluster(name)) pass(name, (value) => value);
  const npmrc = inherit ? await readNpmrc(options.hostEnv['HOME']) : [];
  const fromNpmrc = npmrc.map(({ key, value }) => (/registry$|proxy$/.test(key) ? value : ''));
  const services = [...Object.values(passed), ...fromNpmrc].filter((value) =>
    /^[a-z0-9+]+:\/\//i.test(value),
  );
  return {
    variables: {
      PATH: path,
      HOME: homeTarget,
      USER: 'build',
      LANG: 'C.UTF-8',
      TMPDIR: '/tmp',
      CI: 'true',
      NPM_CONFIG_GLOBALCONFIG: npmrcTarget,
      ...passed,
    },
    npmrc: npmrc.map(({ key, value }) => `${key}=${value}\n`).join(''),
    services,
  };
}

/** What leads to a cluster is for deploy workers alone, also when an operator lists it by mistake. */
function isOfCluster(name: string): boolean {
  return /^(KUBECONFIG|KUBERNETES_.*|SLIPWAY_KUBERNETES_.*)$/i.test(name);
}

/** Global settings first: npm lets the user's own file win, so the later line wins here too. */
async function readNpmrc(home: string | undefined): Promise<{ key: string; value: string }[]> {
  const files = ['/usr/etc/npmrc', '/usr/local/etc/npmrc', '/etc/npmrc'];
  if (home !== undefined) files.push(join(home, '.npmrc'));
  const settings = new Map<string, string>();
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch(() => '');
    for (const line of text.split('\n')) {
      const match = /^\s*([^;#=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line);
      const [, key = '', value = ''] = match ?? [];
      // npm expands ${NAME} from the environment, which may be where the operator keeps a token.
      if (npmrcKeys.test(key) && !value.includes('${')) {
        settings.set(key, stripUserInfo(value.replace(/^"(.*)"$/, '$1')));
      }
    }
  }
  return [...settings].map(([key, value]) => ({ key, value }));
}

/** `https://user:password@host/` → `https://host/`, in any text that holds URLs. */
export function stripUserInfo(text: string): string {
  return text.replaceAll(/([a-z][a-z0-9+.-]*:\/\/)[^/\s@]*@/gi, '$1');
}
