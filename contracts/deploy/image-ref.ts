/** An artifact of a pipeline as the image of a container. */
export interface ImageRef {
  /** as it was written */
  text: string;
  /** of the artifact; letters, digits, `.`, `_`, `-` */
  name: string;
  /** hex */
  sha256: string;
}

/** The one pattern for pipelines, deployments and targets: what one of them takes for an artifact, each of them does. */
const whole = /^artifact:([A-Za-z0-9._-]{1,100})@sha256:([0-9a-f]{64})$/;
const within = /artifact:[A-Za-z0-9._-]{1,100}@sha256:[0-9a-f]{64}/g;

/** Reads `artifact:<name>@sha256:<hex>`; null for anything else. */
export function readImageRef(text: string): ImageRef | null {
  const [, name, sha256] = whole.exec(text) ?? [];
  return name === undefined || sha256 === undefined ? null : { text, name, sha256 };
}

/** The artifact as it is written into manifests. */
export function imageRefOf({ name, sha256 }: { name: string; sha256: string }): string {
  return `artifact:${name}@sha256:${sha256}`;
}

/** Whether a text means an artifact, well written or not. */
export function meansArtifact(text: string): boolean {
  return /^\s*artifact:/i.test(text);
}

/** Every artifact that a text names. */
export function imageRefsIn(text: string): ImageRef[] {
  return [...new Set(text.match(within) ?? [])].flatMap((one) => readImageRef(one) ?? []);
}
