import type { MiddlewareHandler } from 'hono';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { DomainError } from '../../contracts/problems.ts';
import { isSignedIn } from '../../contracts/identity/principal.ts';
import { networkOf } from '../../domain/identity/network-of.ts';
import type { AppEnv } from '../env.ts';

const limiters = new Map<number, RateLimiterMemory>();

function limiterFor(perMinute: number): RateLimiterMemory {
  const known = limiters.get(perMinute);
  if (known) return known;
  const made = new RateLimiterMemory({ points: perMinute, duration: 60 });
  limiters.set(perMinute, made);
  return made;
}

/**
 * Fairness between callers: so many requests a minute for each user (each address, or /64 of IPv6, where nobody signed in), per API
 * process. Answers carry RateLimit headers; over the limit it is 429 with Retry-After.
 */
export const rateLimit: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { rateLimitPerMinute } = c.get('services').config.server;
  const { principal } = c.get('caller');
  const key = isSignedIn(principal) ? principal.userId : networkOf(c.get('ipAddr'));
  const limiter = limiterFor(rateLimitPerMinute);
  const state = await limiter.consume(key).catch((rejected: unknown) => rejected);
  const { remainingPoints = 0, msBeforeNext = 0 } = state as {
    remainingPoints?: number;
    msBeforeNext?: number;
  };
  const seconds = Math.max(1, Math.ceil(msBeforeNext / 1000));
  c.header('ratelimit-limit', String(rateLimitPerMinute));
  c.header('ratelimit-remaining', String(remainingPoints));
  c.header('ratelimit-reset', String(seconds));
  const { consumedPoints = 0 } = state as { consumedPoints?: number };
  if (consumedPoints > rateLimitPerMinute) {
    throw new DomainError('rate_limited', `At most ${rateLimitPerMinute} requests a minute.`, {
      retryAfterSeconds: seconds,
    });
  }
  await next();
};
