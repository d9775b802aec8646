import { describe, expect, it } from '@jest/globals';
import { redactDetail } from './redact-detail.ts';

describe('what an audit row tells', () => {
  it.each([
    'password',
    'newPassword',
    'apiKey',
    'api_key',
    'client-secret',
    'Authorization',
    'accessToken',
    'cookie',
  ])('leaves the value of %s out [A-AUD-04]', (key) => {
    expect(redactDetail({ deep: [{ [key]: 'canary' }] })).toEqual({
      deep: [{ [key]: '[redacted]' }],
    });
    expect(redactDetail({ [key]: { nested: 'canary' } })).toEqual({ [key]: '[redacted]' });
  });

  it('keeps what is said about a secret: its name, id, version, and flags [A-AUD-04]', () => {
    const detail = {
      secretName: 'A',
      tokenId: 'tok_1',
      secretVersion: '3',
      hasPassword: true,
      tokens: 2,
    };
    expect(redactDetail(detail)).toEqual(detail);
  });
});
