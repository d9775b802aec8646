import type { MiddlewareHandler } from 'hono';
import type { Config } from '../contracts/config.ts';
import type { MirrorStore } from '../contracts/git/mirror.ts';
import type { GitStore } from '../contracts/git/store.ts';
import type { Log } from '../contracts/log.ts';
import type { HostRules } from '../contracts/outbound/types.ts';
import type { SecretBox } from '../contracts/secret/types.ts';
import type { Heavy } from '../domain/heavy/heavy.ts';
import type { VerifyJwt } from '../domain/identity/authenticate.ts';
import type { LogHub } from '../domain/pipeline/log-hub.ts';
import type { BlobStore } from '../domain/shared/blob-store.ts';
import type { PrismaClient } from '../prisma/generated/client.ts';
import type { RequestMetrics } from './middleware/count-requests.ts';
import type { EventStreams } from './routes/event/event-streams.ts';

/** A part that is not well, in words that anybody may read: no address, no path, no secret. */
export class PartIll extends Error {
  override readonly name = 'PartIll';
}

/** What a part of the platform says of itself. `detail` is shown to anybody, so it names no address and no secret. */
export interface HealthCheck {
  /** the platform cannot work without it: its failure is UNHEALTHY and answers 503 */
  critical: boolean;
  /** resolves when the part works (with a word on how), rejects when it does not */
  check: () => Promise<string>;
}

/**
 * Everything that a request may need, made once in api/main.ts. Areas add their own field here.
 * Fields that are not there in a test are optional.
 */
export interface Services {
  db: PrismaClient;
  config: Config;
  log: Log;
  /** version of the product */
  version: string;
  /** further parts of /health by name; the database is always there */
  healthChecks: Record<string, HealthCheck>;
  /** directory of the built web app; absent where only the API runs */
  webRoot?: string;
  /** the folder docs/, whose problem pages are served; left out where it is not installed */
  docsRoot?: string;
  /** checks JWTs; absent when no issuer is configured */
  verifyJwt?: VerifyJwt;
  /** availability of agent backends by id, for /health */
  agentAvailability?: () => Record<string, 'available' | 'unavailable'>;
  /** true once a stop was asked for */
  isStopping?: () => boolean;
  /** fires when a stop was asked for: streams that never end by themselves end then */
  stopSignal?: AbortSignal;
  /** what reads texts of strangers, in threads with limits */
  heavy: Heavy;
  /** bare repositories */
  gitStore: GitStore;
  /** mirrors of foreign ops repositories; the workers fetch them */
  mirrors: Pick<MirrorStore, 'remove'>;
  /** where addresses that users give may lead */
  hostRules: HostRules;
  /** logs and artifacts */
  objectStore: BlobStore;
  /** wakes followers of step output */
  logHub: LogHub;
  /** open event streams; close() them when stopping */
  eventStreams: EventStreams;
  /** seals and opens secrets */
  secretBox: SecretBox;
  /** what /metrics shows; absent when metrics.enabled is false */
  metrics?: RequestMetrics;
  /** server spans and log context; adapters/telemetry/tracing-middleware.ts */
  observeRequests?: MiddlewareHandler;
  /** makes the sample project with a token; absent where the sample is not shipped */
  startDemo?: (
    token: string,
    whose: string,
  ) => Promise<{ owner: string; name: string; pipelineId: string }>;
}
