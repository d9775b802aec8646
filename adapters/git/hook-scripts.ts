import { constants } from 'node:fs';
import { access, chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { randomUUID } from 'node:crypto';

/** Beyond these a push is refused. */
const maxPushOptions = 32;

/**
 * Both hooks speak with the API over two inherited pipes, fd 3 (to it) and fd 4 (from it): no port, no token, and when
 * the API dies the pipes end, which refuses the push. Answer lines: `say <text>`, then `ok` or `no`.
 * Options of the push come as `option <text>` before the refs: one that holds a line break would be read as more than that.
 * `cat` and `read` are the only tools, so that a minimal image has all they need.
 */
function script(kind: 'pre-receive' | 'post-receive', onSilence: string): string {
  return `#!/bin/sh
# Installed by Slipway; rewritten whenever it differs.
line_end='
'
options=''
at=0
if [ "\${GIT_PUSH_OPTION_COUNT:-0}" -gt ${String(maxPushOptions)} ]; then
  printf '%s\\n' 'A push may have at most ${String(maxPushOptions)} options.' >&2
  exit 1
fi
while [ "$at" -lt "\${GIT_PUSH_OPTION_COUNT:-0}" ]; do
  eval "option=\\\${GIT_PUSH_OPTION_$at-}"
  case "$option" in
    *"$line_end"*)
      printf '%s\\n' 'An option of a push may not hold a line break.' >&2
      exit 1 ;;
  esac
  options="\${options}option $option$line_end"
  at=$((at + 1))
done
{
  printf '%s\\n%s\\n%s\\n%s\\n' '${kind}' "\${GIT_QUARANTINE_PATH-}" "\${GIT_OBJECT_DIRECTORY-}" "\${GIT_ALTERNATE_OBJECT_DIRECTORIES-}" &&
  printf '%s' "$options" &&
  cat &&
  printf 'END\\n'
} >&3 || exit 1
while IFS= read -r line <&4; do
  case "$line" in
    'say '*) printf '%s\\n' "\${line#say }" >&2 ;;
    ok) exit 0 ;;
    *) exit 1 ;;
  esac
done
printf '%s\\n' '${onSilence}' >&2
exit 1
`;
}

const scripts = {
  'pre-receive': script('pre-receive', 'Slipway could not check this push, so it is refused.'),
  'post-receive': script(
    'post-receive',
    'Slipway took the push; what follows from it may start a little later.',
  ),
} as const;

async function isInPlace(file: string, content: string): Promise<boolean> {
  try {
    await access(file, constants.R_OK | constants.X_OK);
    return (await readFile(file, 'utf8')) === content;
  } catch {
    return false;
  }
}

/**
 * Makes sure that both hooks are there, executable and ours. Called before every push, because git silently goes on
 * without a hook that is missing or not executable: that would be a push nobody checked.
 * Throws when a hook cannot be put in place.
 */
export async function ensureHooks(hooksDir: string): Promise<void> {
  for (const [name, content] of Object.entries(scripts)) {
    const file = path.join(hooksDir, name);
    if (await isInPlace(file, content)) continue;
    await mkdir(hooksDir, { recursive: true, mode: 0o755 });
    const temporary = path.join(hooksDir, `.${name}-${randomUUID()}`);
    await writeFile(temporary, content);
    await chmod(temporary, 0o755);
    await rename(temporary, file);
    if (!(await isInPlace(file, content))) {
      throw new Error(`the hook ${name} cannot be executed where the data directory lies`);
    }
  }
}
