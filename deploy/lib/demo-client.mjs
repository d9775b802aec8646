import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A failure told in one sentence; anything else that is thrown is a bug and shows its stack. */
export class DemoError extends Error {}

/**
 * Where the product answers: what the caller says, else what the running `npm start` of that data folder wrote down.
 *
 * @param {NodeJS.ProcessEnv} env
 * @param {string} home
 * @returns {Promise<string>}
 */
async function findAddress(env, home) {
  if (env.SLIPWAY_URL !== undefined) return env.SLIPWAY_URL;
  if (env.HOST === undefined && env.PORT === undefined) {
    const text = await readFile(join(home, 'run', 'instance.json'), 'utf8').catch(() => '{}');
    const { address } = JSON.parse(text);
    if (typeof address === 'string') return address;
  }
  return `http://${env.HOST ?? '127.0.0.1'}:${env.PORT ?? '8080'}`;
}

/**
 * Finds the Slipway that runs on this machine: `SLIPWAY_URL`, else `HOST` and `PORT`, else where `npm start` of this data
 * folder answers, with the token that it wrote.
 *
 * @param {NodeJS.ProcessEnv} env
 * @param {string} root of this checkout; a relative SLIPWAY_HOME counts from there
 * @returns {Promise<Client>}
 */
export async function findSlipway(env, root) {
  const home = resolve(root, env.SLIPWAY_HOME ?? '.slipway');
  const tokenPath = join(home, 'admin-token');
  const base = (await findAddress(env, home)).replace(/\/+$/, '');
  const ready = await fetch(`${base}/readyz`, { signal: AbortSignal.timeout(5000) }).catch(
    () => null,
  );
  if (!ready) {
    throw new DemoError(`No Slipway answers at ${base}. Start it with "npm start" and try again.`);
  }
  if (!ready.ok) {
    throw new DemoError(
      `Slipway at ${base} is not ready yet. Wait for the line "ready" of npm start.`,
    );
  }
  const token = env.SLIPWAY_TOKEN ?? (await readFile(tokenPath, 'utf8').catch(() => ''));
  if (!token.trim()) {
    throw new DemoError(
      `There is no token at ${tokenPath}. Set SLIPWAY_HOME to the data folder of the running Slipway, or SLIPWAY_TOKEN.`,
    );
  }
  return new Client(base, token.trim());
}

/** The few calls that the demo makes. The token stays in here and in the environment of git. */
export class Client {
  #token;

  constructor(base, token) {
    this.base = base;
    this.#token = token;
  }

  /** Environment that lets stock git sign in without the token in an argument, a URL or a file. */
  gitEnvironment(user) {
    const basic = Buffer.from(`${user}:${this.#token}`).toString('base64');
    return {
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: `http.${this.base}/.extraHeader`,
      GIT_CONFIG_VALUE_0: `Authorization: Basic ${basic}`,
      GIT_TERMINAL_PROMPT: '0',
    };
  }

  /**
   * @returns {Promise<{ status: number, body: any }>} of an answer below 500; a refusal is for the caller to judge
   */
  async call(method, path, body) {
    const answer = await fetch(`${this.base}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    const read = text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text;
    if (answer.status >= 500)
      throw new DemoError(`${method} ${path}: ${read.detail ?? answer.status}`);
    return { status: answer.status, body: read };
  }

  /** Like `call`, for what must succeed: answers the body. */
  async need(method, path, body) {
    const { status, body: read } = await this.call(method, path, body);
    if (status >= 400) {
      throw new DemoError(`${method} ${path} was refused: ${read.detail ?? read.title ?? status}`);
    }
    return read;
  }

  /**
   * Server-sent events of a path. Opens the stream again where it broke off (`Last-Event-ID`), until the server
   * ends it for good or `signal` aborts.
   *
   * @param {string} path
   * @param {AbortSignal} signal
   * @returns {AsyncGenerator<{ id: string, event: string, data: string }>}
   */
  async *events(path, signal) {
    let lastId = '';
    for (let failures = 0; failures < 10 && !signal.aborted; failures += 1) {
      try {
        const answer = await fetch(`${this.base}${path}`, {
          headers: {
            accept: 'text/event-stream',
            authorization: `Bearer ${this.#token}`,
            ...(lastId && { 'last-event-id': lastId }),
          },
          signal,
        });
        if (!answer.ok) {
          await answer.body?.cancel();
        } else {
          for await (const event of readEvents(answer.body)) {
            if (event.id) lastId = event.id;
            failures = 0;
            yield event;
          }
        }
      } catch (error) {
        if (signal.aborted) return;
        if (error.name !== 'TypeError') throw error; // fetch reports a broken connection as a TypeError
      }
      await sleep(200, undefined, { signal }).catch(() => undefined);
    }
  }
}

/**
 * Splits a byte stream into server-sent events.
 *
 * @param {AsyncIterable<Uint8Array>} body
 */
export async function* readEvents(body) {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of body) {
    rest += decoder.decode(bytes, { stream: true }).replaceAll('\r\n', '\n');
    const blocks = rest.split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const event = readEvent(block);
      if (event.data !== '' || event.event !== 'message') yield event;
    }
  }
}

function readEvent(block) {
  const event = { id: '', event: 'message', data: '' };
  const data = [];
  for (const line of block.split('\n')) {
    const [, field, value] = /^(\w+): ?(.*)$/s.exec(line) ?? [];
    if (field === 'data') data.push(value);
    else if (field === 'id' || field === 'event') event[field] = value;
  }
  event.data = data.join('\n');
  return event;
}
