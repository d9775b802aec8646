import { describe, expect, it } from '@jest/globals';
import { DomainError } from '../../contracts/problems.ts';
import { hostedProject, isForeign, readOpsRepoAddress } from './ops-repo-address.ts';

const rules = {
  publicUrl: 'https://slipway.example.test',
  hosts: {
    isNamed: (host: string) => host === 'git.inside',
    mayBeReached: (host: string) => host !== '10.0.0.1',
  },
};
const read = (text: string) => readOpsRepoAddress(text, rules);

function problemOf(text: string): DomainError {
  try {
    read(text);
  } catch (error) {
    if (error instanceof DomainError) return error;
  }
  throw new Error(`${text} was taken`);
}

describe('the address of an ops repository', () => {
  it.each([
    ['/acme/ops.git', '/acme/ops.git'],
    ['https://slipway.example.test/acme/ops.git', '/acme/ops.git'],
    ['https://SLIPWAY.example.test:443/acme/ops.git', '/acme/ops.git'],
  ])('%s is the project of this platform [A-DEP-04]', (text, stored) => {
    expect(read(text)).toBe(stored);
    expect(hostedProject(read(text))).toEqual({ owner: 'acme', name: 'ops' });
    expect(isForeign(stored)).toBe(false);
  });

  it.each([
    'https://git.example/acme/ops.git',
    'https://git.example:8443/a/b/c',
    'https://slipway.example.test:8443/acme/ops.git',
    'http://git.inside/acme/ops.git',
  ])(
    '%s leads elsewhere, and is never taken for a project of the same name here [A-DEP-04]',
    (text) => {
      expect(read(text)).toBe(text);
      expect(hostedProject(text)).toBeNull();
      expect(isForeign(text)).toBe(true);
    },
  );

  it.each([
    ['ssh://git@git.example/acme/ops.git', /ssh, git and file addresses/],
    ['git@git.example:acme/ops.git', /ssh, git and file addresses/],
    ['git://git.example/acme/ops.git', /ssh, git and file addresses/],
    ['file:///srv/git/ops.git', /ssh, git and file addresses/],
    ['ext::sh -c id', /ssh, git and file addresses/],
    ['--upload-pack=id', /ssh, git and file addresses/],
    ['acme/ops.git', /expected \/<owner>/],
    ['https://git.example/ops.git\n', /expected \/<owner>/],
    ['http://git.example/acme/ops.git', /expected https:\/\//],
    ['https://10.0.0.1/acme/ops.git', /expected a public address/],
    ['https://slipway.example.test/acme', /one of this platform/],
    ['https://git.example/', /path of a repository/],
    ['https://git.example./ops.git', /without a dot/],
    ['https://git.example/ops.git?a=b', /neither/],
    ['https://git.example/ops.git#main', /neither/],
  ])('%s is refused with what was expected where [A-DEP-04]', (text, expected) => {
    const problem = problemOf(text);
    expect(problem.code).toBe('validation_failed');
    expect(problem.errors).toEqual([
      { pointer: '/repoUrl', detail: expect.stringMatching(expected) },
    ]);
  });

  it.each(['https://ann:canary-4711@git.example/ops.git', 'https://canary-4711@git.example/ops'])(
    'with a password in it is refused, points to secrets and is not repeated [A-DEP-04]',
    (text) => {
      const problem = problemOf(text);
      expect(problem.errors[0]?.detail).toContain('credentialSecret');
      expect(JSON.stringify([problem.message, problem.errors])).not.toContain('canary');
    },
  );
});
