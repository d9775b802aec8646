import createClient from 'openapi-fetch';
import type { paths } from '../../../api/openapi.d.ts';
import { problemOf, toProblem } from './problem.ts';

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** Addresses of the API that take a method. */
type PathOf<M extends Method> = {
  [P in keyof paths]: paths[P][M] extends { responses: unknown } ? P : never;
}[keyof paths];

type Json<R> = R extends { content: { 'application/json': infer T } } ? T : never;

/** What an operation answers when it succeeds. */
export type Answer<M extends Method, P extends PathOf<M>> = paths[P][M] extends {
  responses: infer R;
}
  ? { [S in keyof R & (200 | 201 | 202)]: Json<R[S]> }[keyof R & (200 | 201 | 202)]
  : never;

type QueryOf<M extends Method, P extends PathOf<M>> = paths[P][M] extends {
  parameters: { query?: infer Q };
}
  ? Q
  : never;

/** What an operation takes. */
export type BodyOf<M extends Method, P extends PathOf<M>> = paths[P][M] extends {
  requestBody?: { content: { 'application/json': infer B } };
}
  ? B
  : never;

export interface CallOptions<M extends Method, P extends PathOf<M>> {
  path?: Record<string, string>;
  query?: QueryOf<M, P>;
  body?: BodyOf<M, P>;
  signal?: AbortSignal | undefined;
}

// one door for all methods, where openapi-fetch has a function for each
const client = createClient<paths>({
  baseUrl: location.origin,
  headers: { accept: 'application/json' },
}) as unknown as {
  request: (
    method: Method,
    url: string,
    options: unknown,
  ) => Promise<{ data?: unknown; error?: unknown; response: Response }>;
};

let onSignedOut: () => void = () => undefined;

/** What to do when the session has ended: shown by the application as the sign-in page. */
export function whenSignedOut(callback: () => void): void {
  onSignedOut = callback;
}

/** What is only read is asked for again when the network failed under it: a laptop that changes networks shows no error. */
async function withPatience<T>(
  method: Method,
  signal: AbortSignal | undefined,
  ask: () => Promise<T>,
): Promise<T> {
  for (const waitMs of method === 'get' ? [200, 800] : []) {
    try {
      return await ask();
    } catch (error) {
      if (signal?.aborted === true || !(error instanceof TypeError)) throw error;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
  return await ask();
}

/**
 * One operation of the API, by its path template (`/api/v1/projects/{owner}/{project}`).
 * Throws `ApiProblem` for everything but 2xx.
 */
export async function call<M extends Method, P extends PathOf<M>>(
  method: M,
  url: P,
  options: CallOptions<M, P> = {},
): Promise<Answer<M, P>> {
  let result: { data?: unknown; error?: unknown; response: Response };
  try {
    result = await withPatience(method, options.signal, () =>
      client.request(method, url, {
        params: { path: options.path ?? {}, query: options.query ?? {} },
        ...(options.body === undefined ? {} : { body: options.body }),
        ...(options.signal ? { signal: options.signal } : {}),
      }),
    );
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw toProblem(error);
  }
  if (!result.response.ok) {
    const problem = problemOf(result.response, result.error);
    if (problem.status === 401 && !url.startsWith('/api/v1/auth/')) onSignedOut();
    throw problem;
  }
  return result.data as Answer<M, P>;
}
