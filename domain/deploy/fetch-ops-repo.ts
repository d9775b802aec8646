import type { Cancellation } from '../../contracts/git/store.ts';
import { MirrorError, type MirrorStore } from '../../contracts/git/mirror.ts';
import type { Log } from '../../contracts/log.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { SecretBox } from '../../contracts/secret/types.ts';
import type { OpsRepo, Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import { publishEvent } from '../event/publish-event.ts';
import { inTransaction } from '../shared/tx.ts';
import { claimFetch, type FetchClaim, renewClaim, renewMs } from './claim-fetches.ts';
import { nextTryS } from './next-try.ts';
import { readCredential } from './ops-repo-credential.ts';

export interface FetchDeps {
  db: PrismaClient;
  mirrors: MirrorStore;
  secretBox: SecretBox;
  log: Log;
}

/** Head of the branch, or why it could not be read; null when it was given up. */
type Fetched = { sha: string } | { error: string } | null;

/**
 * Fetches now and answers the head: for a deployment that is rendered before the first poll.
 * @throws DomainError `validation_failed` when it cannot be read, `unavailable` while another process fetches it
 */
export async function fetchFirst(deps: FetchDeps, opsRepoId: string): Promise<string> {
  const { name } = await deps.db.opsRepo.findUniqueOrThrow({ where: { id: opsRepoId } });
  const claimed = await claimFetch(deps.db, opsRepoId);
  const fetched = claimed === null ? null : await fetchClaimed(deps, claimed, neverCancelled);
  if (fetched === null) {
    throw new DomainError('unavailable', `Ops repository ${name} is being fetched now.`, {
      retryAfterSeconds: 2,
    });
  }
  if ('sha' in fetched) return fetched.sha;
  throw new DomainError(
    'validation_failed',
    `Ops repository ${name} could not be fetched: ${fetched.error}`,
  );
}

const neverCancelled: Cancellation = {
  aborted: false,
  addEventListener: () => undefined,
  removeEventListener: () => undefined,
};

/**
 * Fetches what was claimed and writes down how it ended, with its events, in one transaction. What was changed or deleted
 * meanwhile keeps nothing of it.
 */
export async function fetchClaimed(
  deps: FetchDeps,
  claim: FetchClaim,
  signal: Cancellation,
): Promise<Fetched> {
  const repo = await deps.db.opsRepo.findUnique({ where: { id: claim.id } });
  if (repo === null) return null;
  const renewing = setInterval(() => {
    renewClaim(deps.db, claim).catch((error: unknown) => {
      deps.log.warn({ opsRepoId: claim.id, err: error }, 'the claim of a fetch was not renewed');
    });
  }, renewMs);
  const fetched = await tryFetch(deps, repo, signal).finally(() => {
    clearInterval(renewing);
  });
  const isOurs = await inTransaction(deps.db, (tx) => settle(tx, claim, repo, fetched));
  if (!isOurs && (await deps.db.opsRepo.findUnique({ where: { id: claim.id } })) === null) {
    await deps.mirrors.remove(claim.id);
  }
  return isOurs ? fetched : null;
}

async function tryFetch(deps: FetchDeps, repo: OpsRepo, signal: Cancellation): Promise<Fetched> {
  const { id, repoUrl: url, branch } = repo;
  try {
    const credential = await readCredential(deps.db, deps.secretBox, repo);
    return { sha: await deps.mirrors.fetch(id, { url, branch, credential }, signal) };
  } catch (error) {
    if (signal.aborted) return null;
    if (error instanceof MirrorError || error instanceof DomainError) {
      return { error: error.message };
    }
    deps.log.error({ opsRepoId: id, err: error }, 'a foreign ops repository could not be kept');
    return { error: 'Slipway could not keep it: the log of the workers says why.' };
  }
}

/** @returns false when it is not the caller's any more */
async function settle(
  tx: Prisma.TransactionClient,
  claim: FetchClaim,
  asked: OpsRepo,
  fetched: Fetched,
): Promise<boolean> {
  await tx.$queryRaw`SELECT id FROM ops_repos WHERE id = ${claim.id} FOR UPDATE`;
  const row = await tx.opsRepo.findUnique({ where: { id: claim.id } });
  if (row?.fetchHolder !== claim.holder) return false;
  await tx.opsRepo.update({
    where: { id: row.id },
    data: { fetchHolder: null, fetchHeldUntil: null },
  });
  const isSame =
    row.repoUrl === asked.repoUrl &&
    row.branch === asked.branch &&
    row.credentialSecret === asked.credentialSecret;
  if (fetched === null || !isSame) {
    await tx.opsRepo.update({ where: { id: row.id }, data: { fetchAt: null } });
    return false;
  }
  const failures = 'error' in fetched ? row.fetchFailures + 1 : 0;
  await tx.opsRepo.update({
    where: { id: row.id },
    data: {
      fetchFailures: failures,
      ...('error' in fetched
        ? { fetchError: fetched.error.slice(0, 500) }
        : { headSha: fetched.sha, fetchError: null }),
    },
  });
  // By the clock of the database, which all processes share. What somebody asked for meanwhile is still due at once.
  const nextS = nextTryS(row.syncIntervalS, failures);
  await tx.$executeRaw`
    UPDATE ops_repos SET tried_at = clock_timestamp(),
      fetched_at = CASE WHEN fetch_error IS NULL THEN clock_timestamp() ELSE fetched_at END,
      fetch_at = CASE WHEN fetch_at IS NOT NULL THEN clock_timestamp() + make_interval(secs => ${nextS}::int) END
    WHERE id = ${row.id}`;
  await tell(tx, row, fetched);
  return true;
}

/** `row`: as it was before. */
async function tell(
  tx: Prisma.TransactionClient,
  row: OpsRepo,
  fetched: { sha: string } | { error: string },
): Promise<void> {
  const { id: subjectId, name, fetchFailures, headSha: previousSha } = row;
  if ('error' in fetched) {
    if (fetchFailures > 0) return;
    await publishEvent(tx, {
      type: 'ops_repo.unreachable',
      subjectId,
      message: `ops repository ${name} cannot be fetched: ${fetched.error}`,
      payload: { name, reason: fetched.error },
    });
    return;
  }
  const { sha } = fetched;
  if (fetchFailures > 0) {
    await publishEvent(tx, {
      type: 'ops_repo.reachable',
      subjectId,
      message: `ops repository ${name} can be fetched again`,
      payload: { name, sha },
    });
  }
  if (sha === previousSha) return;
  await publishEvent(tx, {
    type: 'ops_repo.moved',
    subjectId,
    message: `ops repository ${name} is at ${sha.slice(0, 8)}`,
    payload: { name, sha, previousSha },
  });
}
