import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { imageRefsIn } from '../../contracts/deploy/image-ref.ts';
import { refOf, type Manifest, type ObjectRef } from '../../contracts/deploy/manifest.ts';
import {
  fieldManager,
  type DeployTarget,
  type LiveObject,
  type ServiceAddress,
  type TargetScope,
} from '../../contracts/deploy/target.ts';
import { DomainError } from '../../contracts/problems.ts';
import { removeTree } from '../workspace/trees.ts';
import { checkNames } from './check-names.ts';
import { driftOf } from './drift.ts';
import { checkFixed, isOtherRun } from './fixed-fields.ts';
import { checkHostPorts, checkPortCount } from './host-ports.ts';
import { type InTurn, turns } from './in-turn.ts';
import {
  applyFields,
  canonicalJson,
  isSameValue,
  leavesOf,
  patchFields,
  valueAt,
} from './json-fields.ts';
import type { Machine } from './machine.ts';
import { understand, type Understood } from './manifest-schema.ts';
import { withoutNulls } from './null-fields.ts';
import { objectHealth, withStatus } from './object-health.ts';
import { openMachine } from './open-machine.ts';
import type { LocalTargetOptions } from './options.ts';
import { checkMounts } from './mounts.ts';
import { checkDeployment, checkScope, desiredOf, inNamespaceOf } from './scope.ts';
import { Services } from './services.ts';
import {
  keyOf,
  keyOfObject,
  openStateStore,
  type StateStore,
  type StoredObject,
} from './state-store.ts';
import { lockFolder } from './folder-lock.ts';
import { claimsDir, takeOverClaims } from './claims.ts';
import { Workloads } from './workloads.ts';
import { appsAddress } from './apps-address.ts';

/** A deploy target that runs applications as sandboxed processes on this machine. */
export interface LocalTarget extends DeployTarget {
  /** The last output of an object's replicas, Secrets masked. */
  readLog(scope: TargetScope, ref: ObjectRef): Promise<{ replica: string; text: string }[]>;
  /** Writes fields as somebody else would: they stay, show as drift, and carry that name. For tests. */
  applyAs(manager: string, scope: TargetScope, manifest: Manifest): Promise<void>;
  /** Ends all applications, which begin again with the next opening. */
  close(): Promise<void>;
}

interface Parts {
  store: StateStore;
  workloads: Workloads;
  services: Services;
  machine: Machine;
  inTurn: InTurn;
}

/**
 * Opens the target and starts again what ran when it was last open, at the same addresses. `conflict` when another process
 * has the folder open.
 */
export async function openLocalTarget(options: LocalTargetOptions): Promise<LocalTarget> {
  await mkdir(options.root, { recursive: true, mode: 0o700 });
  const lock = await lockFolder(options.root);
  try {
    const base = await openMachine(options);
    const folder = join(options.root, 'objects');
    const store = await openStateStore(folder, options.secretBox ?? null, base.log);
    const services: Services = new Services(
      (deploymentId) => workloads.replicasOfDeployment(deploymentId),
      base,
      (port) => store.keysWithPort(port),
    );
    const machine: Machine = { ...base, services, data: dataOf(store) };
    const workloads = new Workloads(machine, store);
    const parts: Parts = { store, workloads, services, machine, inTurn: turns() };
    await takeOverClaims(options.root, store.all(), base.log);
    await startAll(parts);
    const close = async (): Promise<void> => {
      await services.close();
      await workloads.close(options.closeGraceMs ?? 3000);
      await base.close();
      await lock.release();
    };
    return { ...targetOf(parts), close };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Services first, so that applications learn of those beside them. */
async function startAll(parts: Parts): Promise<void> {
  const all = parts.store.all();
  for (const object of all) {
    for (const image of imageRefsIn(JSON.stringify(object.live))) {
      await parts.machine.images.inherit(image, object.projectId);
    }
  }
  const isService = ({ live }: StoredObject): boolean => live.kind === 'Service';
  for (const object of all.filter(isService)) await activate(parts, object);
  for (const object of all.filter((one) => !isService(one))) await activate(parts, object);
  await sweepImages(parts);
}

/** An object that an older Slipway kept, and this one does not take, must not keep the others from running. */
async function activate(parts: Parts, object: StoredObject): Promise<void> {
  try {
    await bringUp(parts, object, understand(object.live));
  } catch (error) {
    const { kind, metadata } = object.live;
    parts.machine.log('warn', `${kind} ${metadata.name} could not be started: ${String(error)}`);
  }
}

function targetOf(parts: Parts): Omit<LocalTarget, 'close'> {
  const { store, workloads, inTurn } = parts;
  const owned = (scope: TargetScope, ref: ObjectRef): StoredObject | undefined => {
    checkScope(scope, ref);
    const object = store.get(scope.deploymentId, ref);
    return object === undefined ? undefined : inNamespaceOf(scope, object);
  };
  const mine = (scope: TargetScope): StoredObject[] =>
    store.of(scope.deploymentId).map((object) => inNamespaceOf(scope, object));
  return {
    kind: 'local',
    apply: async (scope, manifest) => {
      const desired = desiredOf(scope, manifest);
      checkScope(scope, refOf(desired));
      const key = keyOf(scope.deploymentId, refOf(desired));
      return inTurn(key, () => write(parts, scope, desired, manifest));
    },
    read: async (scope, ref) => {
      const object = owned(scope, ref);
      return object === undefined ? null : liveOf(parts, object);
    },
    list: async (scope) => mine(scope).map((object) => liveOf(parts, object)),
    remove: async (scope, ref) => {
      checkScope(scope, ref);
      await inTurn(keyOf(scope.deploymentId, ref), async () => {
        const object = owned(scope, ref);
        if (object !== undefined) await removeObject(parts, object);
      });
    },
    // All that is here was made by a deployment: there is nobody to give it back to.
    release: () => Promise.resolve(),
    removeNamespace: (scope) => removeNamespace(parts, scope),
    health: async (scope, ref) => objectHealth(parts, owned(scope, ref)),
    drift: async (scope, manifest) => {
      const desired = desiredOf(scope, manifest);
      return driftOf(desired, owned(scope, refOf(desired)));
    },
    addresses: async (scope) => mine(scope).flatMap(addressesOf),
    readLog: async (scope, ref) => {
      checkScope(scope, ref);
      return workloads.logsOf(keyOf(scope.deploymentId, ref));
    },
    applyAs: (manager, scope, manifest) =>
      inTurn(keyOf(scope.deploymentId, refOf(manifest)), async () => {
        const { name } = manifest.metadata;
        const object = owned(scope, refOf(manifest));
        if (object === undefined) throw new DomainError('not_found', `${name} is not there.`);
        await writeAs(parts, manager, object, manifest);
      }),
  };
}

async function removeNamespace({ store, machine }: Parts, scope: TargetScope): Promise<void> {
  checkDeployment(scope);
  if (store.of(scope.deploymentId).length > 0) return;
  await removeTree(claimsDir(machine.root, scope.deploymentId, ''));
  await store.forget(scope.deploymentId);
}

async function write(
  parts: Parts,
  scope: TargetScope,
  desired: Manifest,
  written: Manifest,
): Promise<{ uid: string; changed: boolean }> {
  const what = understand(desired);
  checkNames(withoutNulls(written), what);
  const kept = parts.store.get(scope.deploymentId, refOf(desired));
  let known = kept === undefined ? undefined : inNamespaceOf(scope, kept);
  if (known !== undefined) checkFixed(known, desired);
  checkHostPorts(desired, known?.live, parts.machine.ownPorts);
  checkPortCount(desired, known?.live, parts.store.of(scope.deploymentId));
  await checkPod(parts, desired, what);
  if (known !== undefined && isOtherRun(known, desired)) {
    await removeObject(parts, known);
    known = undefined;
  }
  const live = applyFields(known?.live, known?.applied, desired) as Manifest;
  const merged = understand(live);
  const ours = leavesOf(desired);
  // Who asks for what is there already shares the field; only who changes it takes it over.
  const before = known?.live;
  const others = Object.entries(known?.managers ?? {}).filter(
    ([path]) => !ours.has(path) || isSameValue(valueAt(before, path), ours.get(path)),
  );
  const changed = known === undefined || canonicalJson(known.live) !== canonicalJson(live);
  const object: StoredObject = {
    deploymentId: scope.deploymentId,
    projectId: scope.projectId,
    uid: known?.uid ?? randomUUID(),
    generation: nextGeneration(known, live),
    createdAt: known?.createdAt ?? new Date().toISOString(),
    applied: desired,
    live,
    managers: Object.fromEntries(others),
    ports: known?.ports ?? {},
    // what runs knows better than what is kept, which it may be about to write
    job:
      parts.workloads.job(keyOf(scope.deploymentId, refOf(desired)))?.status ?? known?.job ?? null,
  };
  if (changed || !isSameValue(kept?.applied, desired)) {
    await parts.store.put(object);
    await bringUp(parts, object, merged);
  }
  return { uid: object.uid, changed };
}

async function writeAs(
  parts: Parts,
  manager: string,
  object: StoredObject,
  manifest: Manifest,
): Promise<void> {
  const live = patchFields(object.live, manifest) as Manifest;
  const what = understand(live);
  checkNames(live, what);
  const managers = { ...object.managers };
  for (const [path, value] of leavesOf(manifest)) {
    const changes = canonicalJson(valueAt(object.live, path)) !== canonicalJson(value);
    if (changes && manager !== fieldManager) managers[path] = manager;
  }
  const next = { ...object, live, managers, generation: nextGeneration(object, live) };
  await parts.store.put(next);
  await bringUp(parts, next, what);
}

function nextGeneration(known: StoredObject | undefined, live: Manifest): number {
  if (known === undefined) return 1;
  const same = canonicalJson(known.live['spec'] ?? null) === canonicalJson(live['spec'] ?? null);
  return same ? known.generation : known.generation + 1;
}

/** Makes what runs follow what is kept. */
async function bringUp(parts: Parts, object: StoredObject, what: Understood): Promise<void> {
  if (what.kind !== 'Service') return parts.workloads.set(object);
  const owner = { deploymentId: object.deploymentId, name: object.live.metadata.name };
  const ports = await parts.services.set(keyOfObject(object), owner, what.spec, object.ports);
  if (canonicalJson(ports) !== canonicalJson(object.ports)) {
    await parts.store.put({ ...object, ports });
  }
}

async function removeObject(parts: Parts, object: StoredObject): Promise<void> {
  const { store, services, workloads, machine } = parts;
  const key = keyOfObject(object);
  const what = understand(object.live);
  // Out of the state first: after a crash from here on nothing of it comes back.
  await store.delete(object);
  await services.remove(key);
  await workloads.remove(key);
  const claims = what.kind === 'StatefulSet' && what.spec.persistentVolumeClaimRetentionPolicy;
  if (claims && claims.whenDeleted === 'Delete') {
    await removeTree(claimsDir(machine.root, object.deploymentId, object.live.metadata.name));
  }
  await sweepImages(parts);
}

async function checkPod(
  parts: Parts,
  { kind, metadata }: Manifest,
  what: Understood,
): Promise<void> {
  if (what.kind !== 'Deployment' && what.kind !== 'StatefulSet' && what.kind !== 'Job') return;
  const claims = what.kind === 'StatefulSet' ? what.spec.volumeClaimTemplates : [];
  checkMounts(
    `${kind} ${metadata.name}`,
    what.spec.template.spec,
    claims.map((claim) => claim.metadata.name),
  );
  await parts.machine.sandbox();
}

function liveOf(parts: Parts, object: StoredObject): LiveObject {
  return { ref: refOf(object.live), uid: object.uid, object: withStatus(parts, object) };
}

function addressesOf(object: StoredObject): ServiceAddress[] {
  if (object.live.kind !== 'Service') return [];
  const service = object.live.metadata.name;
  return Object.entries(object.ports).map(([port, hostPort]) => ({
    service,
    port: Number(port),
    url: `http://${appsAddress}:${String(hostPort)}`,
  }));
}

/** Layers that neither an object nor a replica that is still ending uses. */
async function sweepImages({ store, workloads, machine }: Parts): Promise<void> {
  const used = new Set<string>();
  for (const { live } of store.all()) {
    for (const value of leavesOf(live).values()) {
      if (typeof value !== 'string') continue;
      for (const { sha256 } of imageRefsIn(value)) used.add(sha256);
    }
  }
  for (const { plan } of workloads.replicas()) used.add(plan.container.image.sha256);
  await machine.images.sweep(used);
}

function dataOf(store: StateStore): Machine['data'] {
  return (deploymentId, kind, name) => {
    const object = store.get(deploymentId, { apiVersion: 'v1', kind, name });
    if (object === undefined) return null;
    const what = understand(object.live);
    return what.kind === 'ConfigMap' || what.kind === 'Secret' ? what.data : null;
  };
}
