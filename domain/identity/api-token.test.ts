import { describe, expect, it } from '@jest/globals';
import { isApiToken, newApiToken } from './api-token.ts';

describe('an API token', () => {
  it('is told from a typo by its checksum', () => {
    for (let at = 0; at < 50; at += 1) {
      const token = newApiToken();
      expect(token).toMatch(/^slp_[0-9A-Za-z]{46}$/);
      expect(isApiToken(token)).toBe(true);
      const place = 4 + (at % 40);
      const other = token[place] === 'a' ? 'b' : 'a';
      expect(isApiToken(token.slice(0, place) + other + token.slice(place + 1))).toBe(false);
    }
    for (const bad of ['', 'slp_', `${newApiToken()}x`, newApiToken().toLowerCase().slice(0, 49)]) {
      expect(isApiToken(bad)).toBe(false);
    }
  });
});
