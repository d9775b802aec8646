import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { pause } from './pause.ts';
import type { Container, Probe } from './pod-schema.ts';
import { appsAddress } from './apps-address.ts';

/** How a probe reaches a container. Each gives null, or what is wrong in words. */
export interface Reach {
  /** host port that leads to a port inside */
  forward(port: number): Promise<number>;
  listening(port: number): Promise<string | null>;
  exec(command: readonly string[], timeoutMs: number): Promise<string | null>;
}

export interface ProbeEvents {
  ready(isReady: boolean, why: string): void;
  /** it must be started anew */
  failed(why: string): void;
}

/** While it is not ready it is asked at least this often: nobody waits ten seconds for a first answer. */
const eagerMs = 250;
const listenMs = 100;

/** Runs a container's probes until `signal` aborts: first startup, then liveness and readiness side by side. */
export async function runProbes(
  container: Container,
  reach: Reach,
  events: ProbeEvents,
  signal: AbortSignal,
): Promise<void> {
  const { startupProbe, livenessProbe, readinessProbe } = container;
  const ask = (probe: Probe): Promise<string | null> => runProbe(probe, container, reach);
  if (startupProbe !== undefined) {
    const problem = await untilSuccess(startupProbe, ask, signal, (why) =>
      events.ready(false, why),
    );
    if (problem !== null) return events.failed(`startup probe failed: ${problem}`);
  }
  await Promise.all([
    livenessProbe && watchLiveness(livenessProbe, ask, signal, events),
    readinessProbe
      ? watchReadiness(readinessProbe, ask, signal, events)
      : watchPorts(container, reach, signal, events),
  ]);
}

type Ask = (probe: Probe) => Promise<string | null>;

async function untilSuccess(
  probe: Probe,
  ask: Ask,
  signal: AbortSignal,
  tell: (why: string) => void,
): Promise<string | null> {
  await pause(probe.initialDelaySeconds * 1000, signal);
  for (let failures = 0; !signal.aborted;) {
    const problem = await ask(probe);
    if (problem === null || signal.aborted) return null;
    tell(`startup probe: ${problem}`);
    failures += 1;
    if (failures >= probe.failureThreshold) return problem;
    await pause(probe.periodSeconds * 1000, signal);
  }
  return null;
}

async function watchLiveness(
  probe: Probe,
  ask: Ask,
  signal: AbortSignal,
  events: ProbeEvents,
): Promise<void> {
  await pause(probe.initialDelaySeconds * 1000, signal);
  for (let failures = 0; !signal.aborted;) {
    const problem = await ask(probe);
    if (signal.aborted) return;
    failures = problem === null ? 0 : failures + 1;
    if (problem !== null && failures >= probe.failureThreshold) {
      return events.failed(`liveness probe failed: ${problem}`);
    }
    await pause(probe.periodSeconds * 1000, signal);
  }
}

async function watchReadiness(
  probe: Probe,
  ask: Ask,
  signal: AbortSignal,
  events: ProbeEvents,
): Promise<void> {
  await pause(probe.initialDelaySeconds * 1000, signal);
  let isReady = false;
  for (let streak = 0; !signal.aborted;) {
    const problem = await ask(probe);
    if (signal.aborted) return;
    const changes = (problem === null) !== isReady;
    streak = changes ? streak + 1 : 0;
    const threshold = isReady ? probe.failureThreshold : probe.successThreshold;
    if (changes && streak >= threshold) {
      isReady = !isReady;
      streak = 0;
      events.ready(isReady, problem === null ? '' : `readiness probe: ${problem}`);
    } else if (!isReady && problem !== null) {
      events.ready(false, `readiness probe: ${problem}`);
    }
    const period = probe.periodSeconds * 1000;
    await pause(isReady ? period : Math.min(period, eagerMs), signal);
  }
}

/**
 * Without a readiness probe a container is ready when the ports that it declares are open. Kubernetes would send it
 * requests from the first instruction on, which fail until it listens.
 */
async function watchPorts(
  container: Container,
  reach: Reach,
  signal: AbortSignal,
  events: ProbeEvents,
): Promise<void> {
  const ports = container.ports.filter(({ protocol }) => protocol === 'TCP');
  for (const { containerPort } of ports) {
    for (
      let problem = await reach.listening(containerPort);
      problem !== null && !signal.aborted;
      problem = await reach.listening(containerPort)
    ) {
      events.ready(false, problem);
      await pause(listenMs, signal);
    }
  }
  if (!signal.aborted) events.ready(true, '');
}

async function runProbe(probe: Probe, container: Container, reach: Reach): Promise<string | null> {
  const timeoutMs = probe.timeoutSeconds * 1000;
  try {
    if (probe.exec !== undefined) return await reach.exec(probe.exec.command, timeoutMs);
    const port = portOf(probe.tcpSocket?.port ?? probe.httpGet?.port ?? 0, container);
    const problem = await reach.listening(port);
    if (problem !== null || probe.httpGet === undefined) return problem;
    return await get(await reach.forward(port), port, probe.httpGet, timeoutMs);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The number of a port that may be given by its name. */
export function portOf(port: number | string, container: Container): number {
  if (typeof port === 'number') return port;
  const named = container.ports.find(({ name }) => name === port)?.containerPort;
  const number = named ?? Number(port);
  if (Number.isInteger(number) && number > 0) return number;
  throw new Error(`there is no port ${port}`);
}

function get(
  hostPort: number,
  port: number,
  probe: NonNullable<Probe['httpGet']>,
  timeoutMs: number,
): Promise<string | null> {
  const { path, scheme, httpHeaders } = probe;
  const headers = Object.fromEntries(httpHeaders.map(({ name, value }) => [name, value]));
  const options = {
    host: appsAddress,
    port: hostPort,
    path: path.startsWith('/') ? path : `/${path}`,
    headers: { host: `127.0.0.1:${String(port)}`, 'user-agent': 'slipway-probe', ...headers },
    agent: false,
    timeout: timeoutMs,
    rejectUnauthorized: false,
  };
  return new Promise((resolve) => {
    const asked = (scheme === 'HTTPS' ? httpsRequest : httpRequest)(options, (response) => {
      response.resume();
      const code = response.statusCode ?? 0;
      resolve(code >= 200 && code < 400 ? null : `GET ${path} answered ${String(code)}`);
    });
    const timer = setTimeout(() => {
      asked.destroy(new Error(`no answer within ${String(timeoutMs / 1000)} s`));
    }, timeoutMs);
    asked.on('error', (error) => resolve(`GET ${path}: ${error.message}`));
    asked.on('close', () => {
      clearTimeout(timer);
      // One that switches protocols unasked is closed without a word: it has answered nothing.
      resolve(`GET ${path}: the connection was closed without an answer`);
    });
    asked.end();
  });
}
