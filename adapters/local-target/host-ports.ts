import type { Manifest } from '../../contracts/deploy/manifest.ts';
import { DomainError } from '../../contracts/problems.ts';
import { isRecord } from './json-fields.ts';

/** As clusters give them to Services; outside of what the kernel takes for outgoing connections, so they stay free while we are away. */
const firstPort = 30_000;
const lastPort = 32_767;
/** Ports that the Services of one deployment may have together: there are 2,768 of them for everybody. */
const mostPorts = 100;
const range = `${String(firstPort)}–${String(lastPort)}`;

/** Ports of this machine that the platform itself listens on or is set to: port → what listens there, for people. */
export type OwnPorts = ReadonlyMap<number, string>;

/** All ports that a Service may be given, `start` first. */
export function* servicePorts(start: number, own: OwnPorts): Generator<number> {
  const count = lastPort - firstPort + 1;
  for (let step = 0; step < count; step += 1) {
    const port = firstPort + ((start + step) % count);
    if (!own.has(port)) yield port;
  }
}

/**
 * Why a Service may not listen there, for people; null when it may.
 * @param known the port that it has had, which an older Slipway may have given
 */
export function refusalOf(port: number, known: number | undefined, own: OwnPorts): string | null {
  const owner = own.get(port);
  if (owner !== undefined) return `${String(port)} is a port of Slipway itself (${owner})`;
  if (isServicePort(port) || port === known) return null;
  return `${String(port)} lies outside of ${range}`;
}

function isServicePort(port: number): boolean {
  return port >= firstPort && port <= lastPort;
}

/**
 * `validation_failed` for a port of the machine that a manifest may not ask for. What the object asks for since before an
 * upgrade is let through, so that its next version can be rolled out; a port of ours it does not get even so.
 */
export function checkHostPorts(
  desired: Manifest,
  before: Manifest | undefined,
  own: OwnPorts,
): void {
  const had = new Set(before === undefined ? [] : asked(before).map(({ port }) => port));
  for (const { pointer, port } of asked(desired)) {
    if (had.has(port)) continue;
    const problem = problemOf(pointer, port, own);
    if (problem === null) continue;
    const { kind, metadata } = desired;
    throw new DomainError('validation_failed', `${kind} ${metadata.name}, ${pointer}: ${problem}`, {
      errors: [{ pointer, detail: problem }],
    });
  }
}

/**
 * `validation_failed` for a Service with which its deployment would have too many ports. One that is kept may have as many
 * as it has.
 * @param all what the deployment has
 */
export function checkPortCount(
  desired: Manifest,
  before: Manifest | undefined,
  all: readonly { live: Manifest }[],
): void {
  const wanted = portCount(desired);
  if (wanted === 0 || (before !== undefined && wanted <= portCount(before))) return;
  const held = all
    .map(({ live }) => live)
    .filter(({ metadata }) => metadata.name !== desired.metadata.name)
    .reduce((sum, live) => sum + portCount(live), 0);
  if (wanted + held <= mostPorts) return;
  const detail = `The Services of a deployment may have ${String(mostPorts)} ports together; with this one they would have ${String(wanted + held)}.`;
  throw new DomainError('validation_failed', `Service ${desired.metadata.name}: ${detail}`, {
    errors: [{ pointer: '/spec/ports', detail }],
  });
}

function portCount({ kind, ...manifest }: Manifest): number {
  const spec = kind === 'Service' ? manifest['spec'] : undefined;
  return isRecord(spec) && Array.isArray(spec['ports']) ? spec['ports'].length : 0;
}

function problemOf(pointer: string, port: unknown, own: OwnPorts): string | null {
  if (pointer.endsWith('/hostPort')) {
    return 'The local target gives no port of the machine to a container: leave out hostPort and write a Service.';
  }
  if (typeof port !== 'number' || !isServicePort(port)) {
    return `A nodePort lies in ${range}; leave it out to be given one.`;
  }
  const refusal = refusalOf(port, undefined, own);
  return refusal === null ? null : `${refusal}: choose another one in ${range}.`;
}

/** Ports of the machine that a manifest names. */
function asked(manifest: Manifest): { pointer: string; port: unknown }[] {
  const spec = manifest['spec'];
  if (!isRecord(spec)) return [];
  const found: { pointer: string; port: unknown }[] = [];
  const collect = (list: unknown, at: string, field: string): void => {
    for (const [index, one] of (Array.isArray(list) ? list : []).entries()) {
      if (!isRecord(one) || one[field] == null) continue;
      found.push({ pointer: `${at}/${String(index)}/${field}`, port: one[field] });
    }
  };
  if (manifest.kind === 'Service') collect(spec['ports'], '/spec/ports', 'nodePort');
  const template = spec['template'];
  const pod = isRecord(template) ? template['spec'] : undefined;
  const containers: unknown = isRecord(pod) ? pod['containers'] : undefined;
  for (const [index, one] of (Array.isArray(containers) ? containers : []).entries()) {
    const at = `/spec/template/spec/containers/${String(index)}/ports`;
    if (isRecord(one)) collect(one['ports'], at, 'hostPort');
  }
  return found;
}
