import { HTTPException } from 'hono/http-exception';
import { DomainError, type ProblemCode, problems } from '../../contracts/problems.ts';

/** What a thrown value means to a client. `known` is false for a bug, whose message is never shown. */
export interface Classified {
  code: ProblemCode;
  detail?: string;
  retryAfterSeconds?: number;
  known: boolean;
}

interface Traits {
  names: string[];
  codes: string[];
  messages: string[];
}

/** Names, codes and messages along the chain of causes, since drivers wrap each other's errors. */
function traitsOf(error: unknown): Traits {
  const traits: Traits = { names: [], codes: [], messages: [] };
  const queue: unknown[] = [error];
  const seen = new Set<unknown>();
  while (queue.length > 0 && seen.size < 32) {
    const at = queue.shift();
    if (typeof at !== 'object' || at === null || seen.has(at)) continue;
    seen.add(at);
    const fields = at as Record<string, unknown>;
    for (const key of ['name', 'kind', 'type']) pushText(traits.names, fields[key]);
    for (const key of ['code', 'originalCode', 'errorCode']) pushText(traits.codes, fields[key]);
    for (const key of ['message', 'originalMessage']) pushText(traits.messages, fields[key]);
    queue.push(fields['cause'], fields['meta'], fields['driverAdapterError']);
    if (Array.isArray(fields['errors'])) queue.push(...(fields['errors'] as unknown[]));
  }
  return traits;
}

function pushText(into: string[], value: unknown): void {
  if (typeof value === 'string' || typeof value === 'number') into.push(String(value));
}

// Postgres class 08 (connection), 57P0x (shutdown), 53300 (too many connections), 40001/40P01 (retries used up),
// 57014 (statement timeout); Prisma P1xxx, P2024 (pool), P2028 (transaction start), P2034; Node socket errors.
const unavailableCode =
  /^(08...|57P0\d|53300|40001|40P01|57014|P1001|P1002|P1008|P1011|P1017|P2024|P2028|P2034|P2037|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EPIPE|ENOTFOUND|EHOSTUNREACH|EAI_AGAIN)$/;
const unavailableName =
  /^(PrismaClientInitializationError|DatabaseNotReachable|ConnectionClosed|SocketTimeout|TooManyConnections|TransactionWriteConflict|TransportError)$/;
const unavailableMessage =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|server closed the connection|Unable to start a transaction in the given time/i;
// Text or numbers that Postgres or Prisma cannot take: the request was bad, not the server.
const badValueCode = /^(22021|22P05|22003|22P02|22008|22007|P2000|P2020|P2023|P2033)$/;

function fromStatus(status: number): ProblemCode {
  if (status === 400) return 'malformed_body';
  if (status === 401) return 'unauthenticated';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'not_found';
  if (status === 413) return 'body_too_large';
  if (status === 415) return 'unsupported_media_type';
  return status < 500 ? 'validation_failed' : 'internal';
}

/** Maps what was thrown to a problem code. Anything unknown is `internal`. */
export function classifyError(error: unknown): Classified {
  if (error instanceof DomainError) {
    const { retryAfterSeconds } = error;
    const known = error.code !== 'internal';
    return {
      code: error.code,
      known,
      ...(known ? { detail: error.message } : {}),
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    };
  }
  if (error instanceof HTTPException) {
    const code = fromStatus(error.status);
    return { code, known: code !== 'internal' };
  }
  const traits = traitsOf(error);
  const failure = temporalFailure(traits);
  if (failure) return failure;
  return databaseFailure(traits) ?? { code: 'internal', known: false };
}

function databaseFailure({ codes, names, messages }: Traits): Classified | null {
  if (codes.some((code) => code === 'ENOSPC' || code === '53100')) {
    return { code: 'disk_full', known: true };
  }
  if (codes.includes('P2002') || codes.includes('23505')) {
    return { code: 'already_exists', known: true };
  }
  if (codes.includes('P2003') || codes.includes('23503')) return { code: 'conflict', known: true };
  if (codes.includes('P2025')) return { code: 'not_found', known: true };
  if (codes.some((code) => badValueCode.test(code))) {
    return { code: 'validation_failed', known: true };
  }
  const away =
    codes.some((code) => unavailableCode.test(code)) ||
    names.some((name) => unavailableName.test(name)) ||
    messages.some((message) => unavailableMessage.test(message));
  return away ? { code: 'unavailable', known: true, retryAfterSeconds: 2 } : null;
}

function temporalFailure({ names, codes, messages }: Traits): Classified | null {
  // A problem code travels as the type of an ApplicationFailure inside the update's or query's error.
  if (names.includes('ApplicationFailure')) {
    const code = names.find((name): name is ProblemCode => Object.hasOwn(problems, name));
    const detail = messages.at(-1);
    if (code) return { code, known: true, ...(detail === undefined ? {} : { detail }) };
  }
  if (names.includes('WorkflowNotFoundError')) return { code: 'illegal_transition', known: true };
  // gRPC: 4 DEADLINE_EXCEEDED, 8 RESOURCE_EXHAUSTED, 14 UNAVAILABLE
  const grpc = names.some((name) => name === 'ServiceError' || name === 'GrpcServiceError');
  if (grpc && codes.some((code) => code === '4' || code === '8' || code === '14')) {
    return { code: 'unavailable', known: true, retryAfterSeconds: 2 };
  }
  return null;
}
