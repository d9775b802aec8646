import { DomainError } from '../../contracts/problems.ts';

export interface ImageRef {
  /** as it was written */
  text: string;
  name: string;
  /** hex */
  sha256: string;
}

/** Reads `artifact:<name>@sha256:<hex>`. Anything else is `validation_failed`, with what to write. */
export function parseImage(text: string): ImageRef {
  const match = /^artifact:([^@\s]{1,300})@sha256:([0-9a-f]{64})$/.exec(text);
  const [, name, sha256] = match ?? [];
  if (name !== undefined && sha256 !== undefined) return { text, name, sha256 };
  throw new DomainError(
    'validation_failed',
    `The local target cannot run the image ${JSON.stringify(text)}: it runs artifacts of pipelines (an archive or one file) ` +
      'as sandboxed processes. Write artifact:<name>@sha256:<digest>, or deploy to a kubernetes target.',
  );
}
