import { describe, expect, it } from '@jest/globals';
import { sandboxArgs, type Launch, type LaunchContext } from './launch-plan.ts';

const context = {
  instance: { name: 'one', dir: '/run/one' },
  tools: { bwrap: '/b', nsenter: '/n', setpriv: '/s', prlimit: '/p' },
  view: { args: [], etc: '/run/one/etc', binds: [] },
  node: null,
  tmpBytes: 1,
  root: true,
  users: null,
} as unknown as LaunchContext;

const launch: Launch = {
  workspace: null,
  script: '',
  env: {},
  network: null,
  workingDir: '.',
  fileSizeBytes: 1,
};

describe('the options of a sandbox', () => {
  it.each([
    ['a working directory', { workingDir: 'a\0--bind\0/\0/host' }],
    ['the name of a variable', { env: { 'A\0--bind': 'x' } }],
    ['the value of a variable', { env: { A: 'x\0--bind' } }],
    ['a mount', { mounts: [{ source: '/a', target: '/b\0--bind\0/\0/host', readOnly: true }] }],
  ])('are never parted by a NUL in %s [A-PIPE-04] [A-DEP-07]', (_what, more) => {
    expect(() => sandboxArgs(context, { ...launch, ...more })).toThrow('NUL');
  });

  it('show the folder of /etc that a launch brings, else the one of all', () => {
    const etcOf = (more: Partial<Launch>): string | undefined => {
      const args = sandboxArgs(context, { ...launch, ...more });
      return args[args.indexOf('/etc') - 1];
    };
    expect(etcOf({})).toBe('/run/one/etc');
    expect(etcOf({ etc: '/run/one/etc-of-app' })).toBe('/run/one/etc-of-app');
  });
});
