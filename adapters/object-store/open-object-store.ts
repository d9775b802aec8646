import path from 'node:path';
import type { Config } from '../../contracts/config.ts';
import { createFileStore } from './file-store.ts';
import type { ObjectStore } from './object-store.ts';
import { createS3Store } from './s3-store.ts';

/** The store that the configuration names: a bucket when `objectStore.endpoint` is set, else files under `home`. */
export function openObjectStore(config: Pick<Config, 'home' | 'objectStore'>): ObjectStore {
  const { endpoint, bucket, region, accessKeyId, secretAccessKey } = config.objectStore;
  if (endpoint === null) return createFileStore(path.resolve(config.home, 'objects'));
  return createS3Store({
    endpoint,
    bucket,
    region,
    ...(accessKeyId === null ? {} : { accessKeyId }),
    ...(secretAccessKey === null ? {} : { secretAccessKey }),
  });
}
