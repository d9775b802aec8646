import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFileStore } from '../../adapters/object-store/file-store.ts';
import type { ObjectStore } from '../../adapters/object-store/object-store.ts';
import { createS3Store } from '../../adapters/object-store/s3-store.ts';
import { runObjectStoreConformance } from './object-store-conformance.ts';

const root = mkdtempSync(join(tmpdir(), 'slipway-objects-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const stores: [string, () => ObjectStore][] = [['the file system', () => createFileStore(root)]];
const { S3_ENDPOINT, S3_BUCKET, AWS_REGION } = process.env;
// The S3 store is put through the same suite wherever a server is named.
if (S3_ENDPOINT !== undefined && S3_BUCKET !== undefined) {
  const options = { endpoint: S3_ENDPOINT, bucket: S3_BUCKET, region: AWS_REGION ?? 'us-east-1' };
  stores.push(['S3', () => createS3Store(options)]);
}

describe.each(stores)('the object store on %s', (_name, open) => {
  runObjectStoreConformance(open, `test-${String(process.pid)}`);
});

describe('the object store on the file system', () => {
  it('leaves no half-written file behind', () => {
    expect(readdirSync(join(root, 'uploads'))).toEqual([]);
  });
});
