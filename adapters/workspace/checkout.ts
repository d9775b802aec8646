/**
 * Checks the clone out that lies in the tree, as git does it: attributes, links, modes. `reset` makes no difference between
 * a first and a repeated time, and HEAD stays on its branch. Then says, a line each, what a checkout leaves out.
 */
export const checkoutScript = `set -e
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_TERMINAL_PROMPT=0
git -c core.hooksPath=/dev/null -c checkout.workers=2 reset --quiet --hard HEAD
rm -f .git/ORIG_HEAD
git ls-files -s | sed -n 's/^160000 [0-9a-f]* [0-3]\\t/submodule /p' | head -n 20
[ -n "$(git ls-files -- .gitattributes '*/.gitattributes' | head -n 1)" ] || exit 0
git ls-files -- ':(attr:filter=lfs)' | head -n 1 | sed 's/^/lfs /'
`;

/** What the script said, as sentences for the log of the first step. */
export function checkoutNotices(said: string): string[] {
  const lines = said.split('\n').filter((line) => line !== '');
  return lines.slice(0, 20).map((line) => {
    const [, kind, path = ''] = /^(submodule|lfs) (.*)$/.exec(line) ?? [];
    if (kind === 'submodule')
      return `submodule ${path} is an empty folder: fetch it in a step, by git submodule update --init`;
    if (kind === 'lfs')
      return `files of Git LFS are there as pointers, ${path} for one: their contents are not kept here`;
    return `git: ${line}`;
  });
}
