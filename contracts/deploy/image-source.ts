import type { ImageRef } from './image-ref.ts';

/** Where the local target gets what it runs. */
export interface ImageSource {
  /** Whether a run of the project stored the artifact: knowing the digest of another's gives nothing. Asked at each start. */
  isOf(image: ImageRef, projectId: string): Promise<boolean>;
  /**
   * The bytes of an artifact: a `.tar`, a `.tar.gz` or one file. The target checks their digest.
   * @throws DomainError `not_found` when no run of the project stored it
   */
  open(image: ImageRef, projectId: string): Promise<AsyncIterable<Uint8Array>>;
}
