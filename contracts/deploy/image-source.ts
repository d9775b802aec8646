/** Where the local target gets what it runs. */
export interface ImageSource {
  /**
   * The bytes of an artifact: a `.tar`, a `.tar.gz` or one file.
   * @param imageRef `artifact:<name>@sha256:<hex>`; the digest is of the bytes, and the target checks it
   * @throws DomainError `not_found` when there is no such artifact
   */
  open(imageRef: string): Promise<AsyncIterable<Uint8Array>>;
}
