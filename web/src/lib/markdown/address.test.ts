import { describe, expect, it } from '@jest/globals';
import { readAddress, readSrcset } from './address.ts';

const path = (to: string, isFolder = false, fragment = ''): object => ({
  kind: 'path',
  path: to,
  isFolder,
  fragment,
});

describe('an address in a document of a repository', () => {
  const cases: [string, string, object][] = [
    ['other.md', 'docs', path('docs/other.md')],
    ['./other.md', '', path('other.md')],
    ['../README.md#install', 'docs', path('README.md', false, '#install')],
    ['/docs/x.md', 'a/b', path('docs/x.md')],
    ['docs', '', path('docs')],
    ['docs/', '', path('docs', true)],
    ['.', 'docs', path('docs', true)],
    ['..', 'docs', path('', true)],
    ['/', 'docs', path('', true)],
    ['C%23.md', '', path('C#.md')],
    ['caf%C3%A9.md', '', path('café.md')],
    ['caf%E9.md', '', path('caf%E9.md')],
    ['100%.md', '', path('100%.md')],
    ['a%2Fb.md', '', path('a/b.md')],
    ['logo.png?raw=true', 'docs', path('docs/logo.png')],
    ['%2e%2e/x.md', 'docs', path('x.md')],
    ['#install', 'docs', { kind: 'anchor', id: 'install' }],
    ['#%E9', 'docs', { kind: 'anchor', id: '%E9' }],
    ['https://example.com/a#b', 'docs', { kind: 'outside', href: 'https://example.com/a#b' }],
    ['//example.com', 'docs', { kind: 'outside', href: '//example.com' }],
    ['mailto:a@example.com', '', { kind: 'outside', href: 'mailto:a@example.com' }],
    ['../../issues', '', { kind: 'page', page: '/issues' }],
    ['../../../pulls', 'docs', { kind: 'page', page: '/merge-requests' }],
    ['../../../etc/passwd', '', { kind: 'nowhere', why: 'It leads out of the repository' }],
    ['', 'docs', { kind: 'nowhere', why: 'It has no address' }],
    ['?a=b', 'docs', { kind: 'nowhere', why: 'It has no path' }],
  ];

  it.each(cases)('%j in %j is read as on GitHub', (text, folder, wanted) => {
    expect(readAddress(text, folder)).toEqual(wanted);
  });

  it('of what people write counts from the root, and stays as it is when it is one of this site', () => {
    expect(readAddress('docs/a.md', null)).toEqual(path('docs/a.md'));
    expect(readAddress('/projects/a/b', null)).toEqual({ kind: 'site', href: '/projects/a/b' });
  });
});

describe('the candidates of a srcset', () => {
  it('are told apart at commas that end an address', () => {
    expect(readSrcset('a.png 2x, b,c.png 1x')).toEqual([
      { address: 'a.png', descriptor: '2x' },
      { address: 'b,c.png', descriptor: '1x' },
    ]);
    expect(readSrcset(' dark.svg ')).toEqual([{ address: 'dark.svg', descriptor: '' }]);
    expect(readSrcset('')).toEqual([]);
  });
});
