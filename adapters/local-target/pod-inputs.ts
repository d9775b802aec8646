import { workspaceTarget } from '../sandbox/options.ts';
import type { Container, PodSpec, Volume } from './pod-schema.ts';

/** What a pod reads of the objects around it. */
export interface Surroundings {
  podName: string;
  namespace: string;
  /** PATH and what else holds for every sandbox */
  base: Readonly<Record<string, string>>;
  /** `<NAME>_SERVICE_HOST` and `_PORT` */
  services: Readonly<Record<string, string>>;
  /** data of a ConfigMap or a Secret of the namespace, or null */
  data(kind: 'ConfigMap' | 'Secret', name: string): Readonly<Record<string, string>> | null;
}

export interface PodInputs {
  env: Record<string, string>;
  /** values of Secrets that it was given, for masking */
  secrets: string[];
  /** volume → file → content; folders of their own (emptyDir) are not among them */
  files: Map<string, Record<string, string>>;
}

/** Puts together what a container is given. Throws an Error with one sentence when something it names is missing. */
export function readInputs(spec: PodSpec, container: Container, around: Surroundings): PodInputs {
  const secrets = new Set<string>();
  const lookup: Lookup = (kind, name, optional) => {
    const data = around.data(kind, name);
    if (data === null && !optional) throw new Error(`${kind} ${name} is not there`);
    if (kind === 'Secret') for (const value of Object.values(data ?? {})) secrets.add(value);
    return data ?? {};
  };
  const env = environment(container, around, lookup);
  const files = new Map<string, Record<string, string>>();
  for (const volume of spec.volumes) {
    const content = filesOf(volume, lookup);
    if (content !== null) files.set(volume.name, content);
  }
  return { env, secrets: [...secrets], files };
}

type Lookup = (
  kind: 'ConfigMap' | 'Secret',
  name: string,
  optional: boolean,
) => Readonly<Record<string, string>>;

function environment(
  container: Container,
  around: Surroundings,
  lookup: Lookup,
): Record<string, string> {
  const env: Record<string, string> = {
    ...around.base,
    HOSTNAME: around.podName,
    ...around.services,
  };
  const [port] = container.ports;
  if (port !== undefined) env['PORT'] = String(port.containerPort);
  for (const { prefix, secretRef, configMapRef } of container.envFrom) {
    const all = {
      ...(configMapRef && lookup('ConfigMap', configMapRef.name, configMapRef.optional)),
      ...(secretRef && lookup('Secret', secretRef.name, secretRef.optional)),
    };
    for (const [key, value] of Object.entries(all)) env[prefix + key] = value;
  }
  for (const entry of container.env) {
    const value = valueOf(entry, around, lookup);
    if (value !== undefined) env[entry.name] = expand(value, env);
  }
  for (const [name, value] of Object.entries(env)) {
    if (value.includes('\0')) throw new Error(`the variable ${name} holds a NUL byte`);
  }
  return env;
}

function valueOf(
  entry: Container['env'][number],
  around: Surroundings,
  lookup: Lookup,
): string | undefined {
  const { secretKeyRef, configMapKeyRef, fieldRef } = entry.valueFrom ?? {};
  for (const [kind, ref] of [
    ['Secret', secretKeyRef],
    ['ConfigMap', configMapKeyRef],
  ] as const) {
    if (ref === undefined) continue;
    const value = lookup(kind, ref.name, ref.optional)[ref.key];
    if (value !== undefined || ref.optional) return value;
    throw new Error(`${kind} ${ref.name} has no key ${ref.key}`);
  }
  if (fieldRef === undefined) return entry.value ?? '';
  const fields: Record<string, string> = {
    'metadata.name': around.podName,
    'metadata.namespace': around.namespace,
    'status.podIP': '10.0.2.100',
  };
  const value = fields[fieldRef.fieldPath];
  if (value !== undefined) return value;
  throw new Error(`the field ${fieldRef.fieldPath} is not known here`);
}

function filesOf(volume: Volume, lookup: Lookup): Record<string, string> | null {
  const { configMap, secret } = volume;
  if (configMap === undefined && secret === undefined) return null;
  const data = {
    ...(configMap && lookup('ConfigMap', configMap.name, configMap.optional)),
    ...(secret && lookup('Secret', secret.secretName, secret.optional)),
  };
  const items = configMap?.items ?? secret?.items;
  if (items === undefined) return data;
  const chosen: Record<string, string> = {};
  for (const { key, path } of items) {
    const value = data[key];
    if (value === undefined) throw new Error(`the volume ${volume.name} has no key ${key}`);
    chosen[path] = value;
  }
  return chosen;
}

/** `$(NAME)` becomes the variable, `$$(NAME)` stays as `$(NAME)`, an unknown name stays as it is. */
export function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$?\$\(([^)\s]+)\)/g, (match, name: string) =>
    match.startsWith('$$') ? match.slice(1) : (env[name] ?? match),
  );
}

/** Absolute path inside of the sandbox. */
export function workingDirOf(container: Container): string {
  const dir = container.workingDir;
  return dir.startsWith('/') ? dir : `${workspaceTarget}/${dir}`;
}
