import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { pageKind, pageStatus } from './serve-web.ts';

const browser = 'text/html,application/xhtml+xml,*/*;q=0.8';

describe('an address that is no file and no route', () => {
  it('is a page where the web app has one, for whoever takes HTML', async () => {
    const app = await readFile(new URL('../../web/src/app.tsx', import.meta.url), 'utf8');
    const paths = [...app.matchAll(/<Route path="([^"]+)"/g)].map(([, path]) => path ?? '');
    expect(paths.length).toBeGreaterThan(14);
    for (const path of paths) {
      const longest = path.replaceAll('?', '').replaceAll(/:\w+/g, 'word');
      const kind = path.startsWith('/:') ? 'short' : 'own';
      expect([path, pageKind(longest)]).toEqual([path, kind]);
      expect([path, pageStatus(longest, browser)]).toEqual([path, 200]);
      expect([path, pageStatus(longest, 'application/json')]).toEqual([path, null]);
    }
    expect(pageStatus('/pipelines/run_1', '*/*')).toBe(200);
    expect(pageStatus('/projects/o/site.github.io/files', browser)).toBe(200);
  });

  it('is a page that says so, with 404, for a browser, and a problem for everybody else', () => {
    expect(pageStatus('/nope', browser)).toBe(404);
    expect(pageStatus('/pipelines/a/b/c/d/e', browser)).toBe(404);
    for (const accept of ['*/*', '', 'application/json']) {
      expect(pageStatus('/nope', accept)).toBeNull();
      expect(pageStatus('/some/page', accept)).toBeNull();
    }
  });

  it('is a problem, also for a browser, where tools look for something of theirs', () => {
    const ofTools = [
      '/robots.txt',
      '/favicon.ico',
      '/wp-login.php',
      '/.well-known/openid-configuration',
      '/.env',
      '/healthz/deep',
      '/metrics/x',
      '/assets/gone',
    ];
    for (const address of ofTools) {
      expect([address, pageStatus(address, browser)]).toEqual([address, null]);
    }
  });
});
