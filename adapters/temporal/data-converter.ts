import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import type { SecretBox } from '../../contracts/secret/types.ts';
import { createPayloadCodec } from './payload-codec.ts';

/** Beside this module in the source tree; from a bundle in dist/, in the source tree next to it. */
const failureConverterPlaces = [
  './failure-converter.cjs',
  '../adapters/temporal/failure-converter.cjs',
];

/**
 * What every client and worker of one installation must share: payloads encrypted with a key of the master key, and
 * failures whose messages are encrypted like payloads. Without a master key each use of it fails with `sealed`.
 * @param side a worker goes on where strangers send payloads of theirs, see `CodecOptions.replacesForeign`
 */
export function dataConverter(box: SecretBox, side: 'client' | 'worker'): DataConverter {
  const payloadCodecs = [createPayloadCodec(box, { replacesForeign: side === 'worker' })];
  const places = failureConverterPlaces.map((place) =>
    fileURLToPath(new URL(place, import.meta.url)),
  );
  const failureConverterPath = places.find((place) => existsSync(place));
  if (failureConverterPath === undefined)
    throw new Error('failure-converter.cjs is missing beside the program');
  return { payloadCodecs, failureConverterPath };
}
