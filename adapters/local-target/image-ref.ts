import { type ImageRef, readImageRef } from '../../contracts/deploy/image-ref.ts';
import { DomainError } from '../../contracts/problems.ts';

/** Reads `artifact:<name>@sha256:<hex>`. Anything else is `validation_failed`, with what to write. */
export function parseImage(text: string): ImageRef {
  const image = readImageRef(text);
  if (image !== null) return image;
  throw new DomainError(
    'validation_failed',
    `The local target cannot run the image ${JSON.stringify(text)}: it runs artifacts of pipelines (an archive or one file) ` +
      'as sandboxed processes. Write artifact:<name>@sha256:<digest>, or deploy to a kubernetes target.',
  );
}
