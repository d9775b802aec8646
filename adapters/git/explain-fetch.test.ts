import { describe, expect, it } from '@jest/globals';
import { explainFetch } from './explain-fetch.ts';

const explain = (stderr: string, hasCredential = false) =>
  explainFetch({ code: 128, stderr, branch: 'live', hasCredential });

const at = "fatal: unable to access 'https://git.example/ops.git/':";

describe('why a foreign repository cannot be fetched', () => {
  it.each([
    [`${at} The requested URL returned error: 403`, /asks for a credential/],
    [
      "fatal: could not read Username for 'https://git.example': terminal prompts disabled",
      /asks for a credential/,
    ],
    ["fatal: couldn't find remote ref refs/heads/live", /no branch live/],
    ["fatal: repository 'https://git.example/ops.git/' not found", /no repository at this address/],
    [`${at} The requested URL returned error: 302`, /redirect, which is not followed/],
    [`${at} The requested URL returned error: 503`, /HTTP 503/],
    [
      `${at} Failed to connect to git.example port 443 after 1 ms: Couldn't connect to server`,
      /connection failed/,
    ],
    [`${at} server certificate verification failed. CAfile: none CRLfile: none`, /TLS certificate/],
    [
      `${at} Operation too slow. Less than 1000 bytes/sec transferred the last 30 seconds`,
      /in time/,
    ],
    ['fatal: dumb http transport does not support shallow capabilities', /no git server/],
    ['', /exit code 128/],
  ])('is told in plain words: %s [A-DEP-04]', (stderr, expected) => {
    expect(explain(stderr)).toMatch(expected);
  });

  it('names the credential when one was sent and refused [A-DEP-04]', () => {
    expect(explain(`${at} The requested URL returned error: 401`, true)).toMatch(
      /does not take the credential/,
    );
  });

  it('repeats nothing that the other side sent, which may be the credential [A-DEP-04]', () => {
    for (const said of [
      'remote: canary-4711',
      'fatal: remote error: canary-4711',
      'fatal: protocol error: canary-4711',
    ]) {
      expect(explain(said, true)).not.toContain('canary');
    }
  });
});
