import type * as Sdk from '@aws-sdk/client-s3';
import type { Upload } from '@aws-sdk/lib-storage';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { checkKey, checkRange, Meter } from './keys.ts';
import type { ObjectStore, PutOptions, PutResult } from './object-store.ts';

export interface S3Options {
  endpoint?: string;
  region: string;
  bucket: string;
  accessKeyId?: string;
  secretAccessKey?: string;
  /** Most servers other than AWS want the bucket in the path. Default: true when an endpoint is given. */
  pathStyle?: boolean;
  /** goes before every key, so that a bucket can be shared */
  prefix?: string;
}

interface Opened {
  sdk: typeof Sdk;
  Uploading: typeof Upload;
  client: Sdk.S3Client;
}

/** Objects in an S3 bucket that exists already; bodies of any size are sent in parts with flat memory. */
export function createS3Store(options: S3Options): ObjectStore {
  let opened: Promise<Opened> | undefined;
  const open = () => (opened ??= openClient(options));
  const prefix = options.prefix ?? '';
  const at = (key: string): { Bucket: string; Key: string } => ({
    Bucket: options.bucket,
    Key: prefix + checkKey(key),
  });
  return {
    put: async (key, body, put) => upload(await open(), at, { key, body, put }),
    get: async (key, range) => {
      const { start, end } = checkRange(range ?? { start: 0 });
      const Range = range === undefined ? undefined : `bytes=${start}-${end ?? ''}`;
      const where = { ...at(key), Range };
      const { sdk, client } = await open();
      try {
        const { Body } = await client.send(new sdk.GetObjectCommand(where));
        return Body instanceof Readable ? Body : null;
      } catch (error) {
        if (isStatus(error, 416)) return Readable.from([], { objectMode: false });
        return ifMissing(error);
      }
    },
    head: async (key) => {
      const where = at(key);
      const { sdk, client } = await open();
      try {
        const { ContentLength } = await client.send(new sdk.HeadObjectCommand(where));
        return { bytes: ContentLength ?? 0 };
      } catch (error) {
        return ifMissing(error);
      }
    },
    delete: async (key) => {
      const where = at(key);
      const { sdk, client } = await open();
      await client.send(new sdk.DeleteObjectCommand(where));
    },
    list: async function* (keyPrefix) {
      const where = { Bucket: options.bucket, Prefix: prefix + keyPrefix };
      for await (const key of keysOf(await open(), where)) yield key.slice(prefix.length);
    },
  };
}

async function* keysOf(
  { sdk, client }: Opened,
  where: { Bucket: string; Prefix: string },
): AsyncGenerator<string> {
  let ContinuationToken: string | undefined;
  do {
    const page = await client.send(new sdk.ListObjectsV2Command({ ...where, ContinuationToken }));
    for (const { Key } of page.Contents ?? []) if (Key !== undefined) yield Key;
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
}

async function upload(
  { client, Uploading }: Opened,
  at: (key: string) => { Bucket: string; Key: string },
  { key, body, put }: { key: string; body: Readable | Buffer; put: PutOptions | undefined },
): Promise<PutResult> {
  const meter = new Meter();
  const source = Buffer.isBuffer(body) ? Readable.from([body], { objectMode: false }) : body;
  const ContentType = put?.contentType ?? 'application/octet-stream';
  const sending = new Uploading({ client, params: { ...at(key), Body: meter, ContentType } });
  // A source that breaks must abort the upload, or the parts sent so far would become the object.
  const sent = pipeline(source, meter).catch(async (error: unknown) => {
    await sending.abort();
    throw error;
  });
  await Promise.all([sent, sending.done()]);
  return meter.result();
}

async function openClient(options: S3Options): Promise<Opened> {
  // large: only an installation with a bucket pays for it, and only once it is used
  const [sdk, { Upload: Uploading }] = await Promise.all([
    import('@aws-sdk/client-s3'),
    import('@aws-sdk/lib-storage'),
  ]);
  const { endpoint, accessKeyId, secretAccessKey } = options;
  const named = accessKeyId !== undefined && secretAccessKey !== undefined;
  const client = new sdk.S3Client({
    region: options.region,
    forcePathStyle: options.pathStyle ?? endpoint !== undefined,
    ...(endpoint === undefined ? {} : { endpoint }),
    // Without keys here the SDK's own chain applies: environment, profile, instance role.
    ...(named ? { credentials: { accessKeyId, secretAccessKey } } : {}),
  });
  return { sdk, Uploading, client };
}

function isStatus(error: unknown, status: number): boolean {
  if (!(error instanceof Error) || !('$metadata' in error)) return false;
  const metadata = error.$metadata as { httpStatusCode?: number } | undefined;
  return metadata?.httpStatusCode === status;
}

function ifMissing(error: unknown): null {
  if (isStatus(error, 404)) return null;
  throw error;
}
