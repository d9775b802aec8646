import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exitConfig, StartFailure } from './failure.mjs';
import { stopOrder, stopTimeoutsMs } from './instance.mjs';
import { LogFile } from './log-file.mjs';
import { endProcess, identify, isAlive } from './process-identity.mjs';
import { warn } from './progress.mjs';

const firstDelayMs = 200;
const longestDelayMs = 10_000;
const steadyAfterMs = 60_000;
const triesBeforeReady = 3;
const lookAgainMs = 5_000;

/**
 * A process that is kept running.
 * @typedef {object} Service
 * @property {string} name one of `stopOrder`
 * @property {string} title as people know it
 * @property {string} command
 * @property {string[]} args
 * @property {NodeJS.ProcessEnv} env
 * @property {string} [cwd]
 * @property {number} [uid]
 * @property {number} [gid]
 * @property {NodeJS.Signals} signal the polite way to stop it
 * @property {boolean} [speaks] it tells by a message (`process.send({ type: 'ready' })`) when it serves
 * @property {() => Promise<void>} [prepare] done each time before it is started
 * @property {() => Promise<string | null>} [obstacle] what is in its way while it is not running: a port that another program has
 * @property {(state: ServiceState) => Promise<boolean>} ready resolves when it serves (true), or when it is gone (false)
 */

/**
 * @typedef {object} ServiceState
 * @property {() => boolean} isGone
 * @property {() => boolean} saidReady
 */

/** Starts services, restarts those that end by themselves, stops all in order. */
export class Supervisor {
  #home;
  #instance;
  #stopping = false;
  #lookAgainMs;
  /** @type {Map<string, { identity: import('./process-identity.mjs').ProcessIdentity, service: Service, log: LogFile }>} */
  #running = new Map();

  /**
   * @param {string} home
   * @param {Pick<import('./instance.mjs').InstanceHandle, 'note'>} instance
   * @param {number} [lookAgain] how often an obstacle is looked at, ms
   */
  constructor(home, instance, lookAgain = lookAgainMs) {
    this.#home = home;
    this.#instance = instance;
    this.#lookAgainMs = lookAgain;
  }

  /**
   * Starts a service, waits until it serves, and keeps it running from then on.
   * @param {Service} service
   */
  async start(service) {
    const log = new LogFile(path.join(this.#home, 'logs', `${service.name}.log`), service.name);
    for (let attempt = 1; !this.#stopping; attempt += 1) {
      const { exited, isGone, saidReady } = await this.#spawn(service, log);
      if ((await service.ready({ isGone, saidReady })) && !isGone()) {
        log.follow();
        void this.#keep(service, log, exited);
        return;
      }
      if (this.#stopping) return;
      const how = isGone() ? await exited : { code: null, signal: null };
      if (attempt >= triesBeforeReady || how.code === exitConfig || !isGone()) {
        throw new StartFailure(
          `${service.title} does not start (${describeExit(how)}): ${await log.lastProblem()}; the whole story is in ${log.file}.`,
          how.code === exitConfig ? exitConfig : 1,
        );
      }
      await sleep(firstDelayMs * 2 ** attempt);
    }
  }

  /**
   * @param {Service} service
   * @param {LogFile} log
   */
  async #spawn(service, log) {
    await log.prepare();
    await service.prepare?.();
    const output = openSync(log.file, 'a', 0o600);
    const child = spawn(service.command, service.args, {
      cwd: service.cwd,
      env: service.env,
      uid: service.uid,
      gid: service.gid,
      // a session of its own: Ctrl-C reaches the launcher only, which stops the others in order
      detached: true,
      stdio: ['ignore', output, output, ...(service.speaks ? [/** @type {const} */ ('ipc')] : [])],
    });
    closeSync(output);
    let ready = false;
    child.on('message', (/** @type {{ type?: string }} */ message) => {
      ready ||= message.type === 'ready';
    });
    /** @type {{ code: number | null, signal: NodeJS.Signals | null } | null} */
    let end = null;
    const exited = new Promise(
      (
        /** @type {(how: { code: number | null, signal: NodeJS.Signals | null }) => void} */ resolve,
      ) => {
        child.once('error', () => resolve((end = { code: 127, signal: null })));
        child.once('exit', (code, signal) => resolve((end = { code, signal })));
      },
    );
    if (child.pid !== undefined) {
      const identity = identify(child.pid);
      this.#running.set(service.name, { identity, service, log });
      await this.#instance.note(service.name, identity, service.signal);
    }
    return { exited, isGone: () => end !== null, saidReady: () => ready };
  }

  /**
   * @param {Service} service
   * @param {LogFile} log
   * @param {Promise<{ code: number | null, signal: NodeJS.Signals | null }>} exited
   */
  async #keep(service, log, exited) {
    let delayMs = firstDelayMs;
    for (;;) {
      const sinceMs = Date.now();
      const how = await exited;
      if (this.#stopping) return;
      if (Date.now() - sinceMs > steadyAfterMs) delayMs = firstDelayMs;
      warn(`${service.title} ended (${describeExit(how)}): starting it again`);
      await sleep(delayMs);
      delayMs = Math.min(delayMs * 2, longestDelayMs);
      await this.#waitForWay(service);
      if (this.#stopping) return;
      const next = await this.#spawn(service, log);
      exited = next.exited;
      if (await service.ready(next)) warn(`${service.title} is back`);
    }
  }

  /**
   * A port once lost is not fought for: it is said once, and nothing is started until it is free.
   * @param {Service} service
   */
  async #waitForWay(service) {
    let told = false;
    while (!this.#stopping) {
      const obstacle = (await service.obstacle?.()) ?? null;
      if (obstacle === null) return;
      if (!told) warn(`${service.title} waits: ${obstacle}`);
      told = true;
      await sleep(this.#lookAgainMs);
    }
  }

  /**
   * Stops everything, users before what they use.
   * @param {(title: string) => void} [tell]
   */
  async stop(tell) {
    this.#stopping = true;
    for (const name of stopOrder) {
      const entry = this.#running.get(name);
      if (!entry) continue;
      entry.log.close();
      if (!isAlive(entry.identity)) continue;
      tell?.(entry.service.title);
      const limitMs = stopTimeoutsMs[name] ?? 2_000;
      const polite = await endProcess(entry.identity, entry.service.signal, limitMs);
      if (!polite) warn(`${entry.service.title} did not stop within ${limitMs / 1000} s: killed`);
    }
  }

  /** Ends everything at once: for the second Ctrl-C. */
  killAll() {
    this.#stopping = true;
    for (const { identity } of this.#running.values()) {
      if (isAlive(identity)) process.kill(identity.pid, 'SIGKILL');
    }
  }
}

/** @param {{ code: number | null, signal: NodeJS.Signals | null }} how */
function describeExit(how) {
  if (how.signal) return how.signal;
  return how.code === null ? 'not ready in time' : `exit code ${how.code}`;
}

/**
 * Asks again and again until the answer is yes, the process is gone, or the time is over.
 * @param {() => Promise<boolean>} ask
 * @param {() => boolean} isGone
 * @param {number} timeoutMs
 * @returns {Promise<boolean>}
 */
export async function askUntil(ask, isGone, timeoutMs) {
  const untilMs = Date.now() + timeoutMs;
  while (!isGone() && Date.now() < untilMs) {
    if (await ask()) return true;
    await sleep(50);
  }
  return false;
}
