import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../..');
const largestBytes = 2_000_000;

/** What a secret looks like. Each has a shape of its own, so that a finding is worth reading. */
const shapes: Record<string, RegExp> = {
  'private key': /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s*\n\s*[A-Za-z0-9+/=]{40}/,
  'AWS access key': /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/,
  'GitHub token': /\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,})\b/,
  'GitLab token': /\bglpat-[A-Za-z0-9_-]{20}\b/,
  'Slack token': /\bxox[abprs]-[A-Za-z0-9-]{20,}/,
  'npm token': /\bnpm_[A-Za-z0-9]{36}\b/,
  'model provider key': /\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,}/,
  'Slipway token': /\bslp_[A-Za-z0-9]{24,}/,
  'signed JWT': /\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}/,
  'password in an address': /\b[a-z+]{3,12}:\/\/[^\s:/@"'`${}<>]{1,40}:[^\s@"'`${}<>]{6,}@/,
  'registry credential': /_(?:authToken|password)\s*=\s*[^\s$]{8,}/,
};

/** Addresses that look as if they held a password, and hold a word: examples in prose and tests, servers of a test run. */
const invented: { file: RegExp; text: RegExp }[] = [
  { file: /./, text: /:password@/ },
  {
    file: /\.(test\.tsx?|md)$/,
    text: /@[\w.-]*(?:example|invalid|localhost|127\.0\.0\.1|host|db)\b/,
  },
  { file: /\.test\.tsx?$/, text: /_authToken=npm_secret\b/ },
  { file: /^test\/support\//, text: /@127\.0\.0\.1/ },
];

function findSecrets(file: string, text: string): string[] {
  return Object.entries(shapes).flatMap(([name, shape]) => {
    const found = shape.exec(text);
    if (!found) return [];
    const around = text.slice(found.index, found.index + found[0].length + 40);
    if (invented.some((rule) => rule.file.test(file) && rule.text.test(around))) return [];
    const line = text.slice(0, found.index).split('\n').length;
    return [`${file}:${line} ${name}`];
  });
}

function trackedFiles(): string[] {
  return execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\0')
    .filter((file) => file !== '' && !file.endsWith('package-lock.json'));
}

describe('the repository', () => {
  it('holds no secret in any file that is or would be committed [B-CFG-03]', () => {
    const files = trackedFiles().filter(
      (file) => (statSync(join(root, file), { throwIfNoEntry: false })?.size ?? 0) < largestBytes,
    );
    expect(files.length).toBeGreaterThan(100);
    expect(
      files
        .filter((file) => statSync(join(root, file), { throwIfNoEntry: false })?.isFile())
        .flatMap((file) => findSecrets(file, readFileSync(join(root, file), 'utf8'))),
    ).toEqual([]);
  });

  it('would be caught with each kind of secret in it [B-CFG-03]', () => {
    const filler = 'a1B2c3D4'.repeat(10);
    const planted: Record<string, string> = {
      'private key': `${'-----BEGIN'} RSA PRIVATE KEY-----\n${filler.slice(0, 64)}\n`,
      'AWS access key': `AKIA${'ABCDEFGH12345678'}`,
      'GitHub token': `ghp_${filler.slice(0, 36)}`,
      'GitLab token': `glpat-${filler.slice(0, 20)}`,
      'Slack token': `xoxb-${filler.slice(0, 30)}`,
      'npm token': `npm_${filler.slice(0, 36)}`,
      'model provider key': `sk-ant-${filler.slice(0, 40)}`,
      'Slipway token': `slp_${filler.slice(0, 40)}`,
      'signed JWT': `eyJ${filler.slice(0, 20)}.eyJ${filler.slice(0, 20)}.${filler.slice(0, 43)}`,
      'password in an address': `postgres://${'app'}:${'hunter2hunter2'}@db.internal/app`,
      'registry credential': `//registry/:_authToken=${filler.slice(0, 20)}`,
    };
    const caught = Object.entries(planted).filter(([name, text]) =>
      findSecrets('src/settings.ts', `const value = '${text}';`).some((found) =>
        found.endsWith(name),
      ),
    );
    expect(caught.map(([name]) => name)).toEqual(Object.keys(shapes));
  });

  it('keeps the data folder, logs and built files out of commits', () => {
    const ignored = ['.slipway/admin-token', '.slipway/master.key', 'dist/api.mjs', 'x.log'];
    const answer = execFileSync('git', ['check-ignore', ...ignored], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(answer.trim().split('\n')).toEqual(ignored);
  });
});
