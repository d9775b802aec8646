import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Permission } from '../../contracts/identity/permissions.ts';
import { AccessCache } from './access-cache.ts';

const read = new Set<Permission>(['project:read']);

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('the cache of permissions', () => {
  it('asks once within five minutes, and again after [A-RBAC-10] [B-RBAC-06]', async () => {
    const cache = new AccessCache();
    const load = jest.fn(() => Promise.resolve({ permissions: read, validUntil: null }));
    await cache.get('key', load);
    jest.advanceTimersByTime(299_000);
    await cache.get('key', load);
    expect(load).toHaveBeenCalledTimes(1);
    jest.advanceTimersByTime(2_000);
    await cache.get('key', load);
    expect(load).toHaveBeenCalledTimes(2);
  });

  it('does not keep a set beyond the end of a delegation in it [A-RBAC-11]', async () => {
    const cache = new AccessCache();
    const load = jest.fn(() =>
      Promise.resolve({ permissions: read, validUntil: new Date(Date.now() + 2_000) }),
    );
    await cache.get('key', load);
    jest.advanceTimersByTime(1_900);
    await cache.get('key', load);
    expect(load).toHaveBeenCalledTimes(1);
    jest.advanceTimersByTime(200);
    await cache.get('key', load);
    expect(load).toHaveBeenCalledTimes(2);
  });

  it('keeps nothing of a question that failed', async () => {
    const cache = new AccessCache();
    await expect(cache.get('key', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
    expect(
      await cache.get('key', () => Promise.resolve({ permissions: read, validUntil: null })),
    ).toBe(read);
  });
});
