import type { Manifest } from '../../contracts/deploy/manifest.ts';
import { DomainError } from '../../contracts/problems.ts';
import {
  dataKey,
  dnsLabel,
  dnsSubdomain,
  headerName,
  hostName,
  labelValue,
  mountedAt,
  plainFile,
  portName,
  qualifiedName,
  serviceName,
  variableName,
  type NameRule,
} from './kube-names.ts';
import type { Understood } from './manifest-schema.ts';
import type { Container, PodSpec, PodTemplate, Probe, Volume } from './pod-schema.ts';

/** Notes a name at a JSON pointer that is not as its rule wants it. */
type Check = (pointer: string, name: unknown, rule: NameRule) => void;

/**
 * Every name in a manifest that this target takes, by the rules of Kubernetes for names of its sort: they become parts of
 * paths, options and variables here. For what is applied anew; what an older Slipway kept goes on as it is.
 * @throws DomainError `validation_failed`, with object, field and rule
 */
export function checkNames(manifest: Manifest, what: Understood): void {
  const faults: { pointer: string; detail: string }[] = [];
  const check: Check = (pointer, name, { fits, says }) => {
    if (typeof name === 'string' && fits(name)) return;
    const shown = typeof name === 'string' ? JSON.stringify(name).slice(0, 100) : 'what is no text';
    faults.push({ pointer, detail: `${shown} ${says}` });
  };
  checkMetadata(check, manifest, what);
  checkKind(check, manifest, what);
  const [first] = faults;
  if (first === undefined) return;
  throw new DomainError(
    'validation_failed',
    `${manifest.kind} ${manifest.metadata.name}, ${first.pointer}: ${first.detail}.`,
    { errors: faults.map((one) => ({ ...one, rule: 'name' })) },
  );
}

const ruleOfName: Partial<Record<Understood['kind'], NameRule>> = {
  Namespace: dnsLabel,
  Service: serviceName,
};

function checkMetadata(check: Check, { metadata }: Manifest, { kind }: Understood): void {
  check('/metadata/name', metadata.name, ruleOfName[kind] ?? dnsSubdomain);
  check('/metadata/name', metadata.name, fileNameOf(kind));
  if (metadata.namespace !== undefined) check('/metadata/namespace', metadata.namespace, dnsLabel);
  checkMarks(check, '/metadata', metadata);
}

/** `<kind>.<name>.json.new` is the longest name of a file that an object is kept in. */
function fileNameOf(kind: string): NameRule {
  const most = 255 - `${kind}..json.new`.length;
  const says = `must have at most ${String(most)} characters here, for it becomes the name of a file`;
  return { fits: (name) => name.length <= most, says };
}

/** Labels and annotations. */
function checkMarks(check: Check, at: string, metadata: Partial<Manifest['metadata']>): void {
  checkLabels(check, `${at}/labels`, metadata.labels);
  for (const name of Object.keys(metadata.annotations ?? {})) {
    check(below(`${at}/annotations`, name), name, annotationName);
  }
}

const annotationName: NameRule = {
  ...qualifiedName,
  fits: (text) => qualifiedName.fits(text.toLowerCase()),
};

function checkLabels(check: Check, at: string, labels: unknown): void {
  for (const [name, value] of Object.entries(labels ?? {})) {
    check(below(at, name), name, qualifiedName);
    check(below(at, name), value, labelValue);
  }
}

function checkKind(check: Check, manifest: Manifest, what: Understood): void {
  switch (what.kind) {
    case 'ConfigMap':
    case 'Secret':
      for (const field of ['data', 'stringData', 'binaryData']) {
        for (const key of Object.keys(manifest[field] ?? {})) {
          check(below(`/${field}`, key), key, dataKey);
        }
      }
      return;
    case 'StatefulSet':
      for (const [at, { metadata }] of what.spec.volumeClaimTemplates.entries()) {
        check(`/spec/volumeClaimTemplates/${at}/metadata/name`, metadata.name, dnsLabel);
      }
      checkLabels(check, '/spec/selector/matchLabels', what.spec.selector.matchLabels);
      return checkTemplate(check, what.spec.template);
    case 'Deployment':
      checkLabels(check, '/spec/selector/matchLabels', what.spec.selector.matchLabels);
      return checkTemplate(check, what.spec.template);
    case 'Job':
      return checkTemplate(check, what.spec.template);
    case 'Service':
      checkLabels(check, '/spec/selector', what.spec.selector);
      for (const [at, { name, targetPort }] of what.spec.ports.entries()) {
        if (name !== undefined) check(`/spec/ports/${at}/name`, name, dnsLabel);
        checkPort(check, `/spec/ports/${at}/targetPort`, targetPort);
      }
      return;
    case 'Ingress':
      for (const [at, { host, http }] of what.spec.rules.entries()) {
        if (host !== undefined) check(`/spec/rules/${at}/host`, host, hostName);
        for (const [one, { backend }] of (http?.paths ?? []).entries()) {
          const place = `/spec/rules/${at}/http/paths/${one}/backend/service/name`;
          check(place, backend.service.name, serviceName);
        }
      }
      return;
    case 'Namespace':
  }
}

function checkTemplate(check: Check, { metadata, spec }: PodTemplate): void {
  checkMarks(check, '/spec/template/metadata', metadata);
  checkPod(check, '/spec/template/spec', spec);
}

function checkPod(check: Check, at: string, { containers, volumes }: PodSpec): void {
  for (const [number, container] of containers.entries()) {
    checkContainer(check, `${at}/containers/${number}`, container);
  }
  for (const [number, volume] of volumes.entries()) {
    checkVolume(check, `${at}/volumes/${number}`, volume);
  }
}

function checkContainer(check: Check, at: string, container: Container): void {
  check(`${at}/name`, container.name, dnsLabel);
  for (const [number, { name }] of container.ports.entries()) {
    if (name !== undefined) check(`${at}/ports/${number}/name`, name, portName);
  }
  for (const [number, { name, valueFrom }] of container.env.entries()) {
    check(`${at}/env/${number}/name`, name, variableName);
    for (const field of ['secretKeyRef', 'configMapKeyRef'] as const) {
      const ref = valueFrom?.[field];
      if (ref === undefined) continue;
      check(`${at}/env/${number}/valueFrom/${field}/name`, ref.name, dnsSubdomain);
      check(`${at}/env/${number}/valueFrom/${field}/key`, ref.key, dataKey);
    }
  }
  for (const [number, source] of container.envFrom.entries()) {
    const place = `${at}/envFrom/${number}`;
    if (source.prefix !== '') check(`${place}/prefix`, source.prefix, variableName);
    for (const field of ['secretRef', 'configMapRef'] as const) {
      const ref = source[field];
      if (ref !== undefined) check(`${place}/${field}/name`, ref.name, dnsSubdomain);
    }
  }
  for (const [number, { name, mountPath }] of container.volumeMounts.entries()) {
    check(`${at}/volumeMounts/${number}/name`, name, dnsLabel);
    check(`${at}/volumeMounts/${number}/mountPath`, mountPath, mountedAt);
  }
  for (const field of ['readinessProbe', 'livenessProbe', 'startupProbe'] as const) {
    checkProbe(check, `${at}/${field}`, container[field]);
  }
}

function checkProbe(check: Check, at: string, probe: Probe | undefined): void {
  checkPort(check, `${at}/tcpSocket/port`, probe?.tcpSocket?.port);
  checkPort(check, `${at}/httpGet/port`, probe?.httpGet?.port);
  for (const [number, { name }] of (probe?.httpGet?.httpHeaders ?? []).entries()) {
    check(`${at}/httpGet/httpHeaders/${number}/name`, name, headerName);
  }
}

/** Also a number in quotes, which this target always took. */
function checkPort(check: Check, at: string, port: number | string | undefined): void {
  if (typeof port === 'string' && !/^\d{1,5}$/.test(port)) check(at, port, portName);
}

function checkVolume(check: Check, at: string, { name, configMap, secret }: Volume): void {
  check(`${at}/name`, name, dnsLabel);
  if (configMap !== undefined) check(`${at}/configMap/name`, configMap.name, dnsSubdomain);
  if (secret !== undefined) check(`${at}/secret/secretName`, secret.secretName, dnsSubdomain);
  for (const [field, source] of Object.entries({ configMap, secret })) {
    for (const [number, { key, path }] of (source?.items ?? []).entries()) {
      check(`${at}/${field}/items/${number}/key`, key, dataKey);
      check(`${at}/${field}/items/${number}/path`, path, plainFile);
    }
  }
}

/** A JSON pointer to a member. */
function below(pointer: string, name: string): string {
  const shown = JSON.stringify(name).slice(1, -1).slice(0, 100);
  return `${pointer}/${shown.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
