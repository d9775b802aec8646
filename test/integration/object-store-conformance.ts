import { expect, it } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { ObjectStore } from '../../adapters/object-store/object-store.ts';

/** What every object store must do alike. `prefix` keeps a shared bucket's tests apart. */
export function runObjectStoreConformance(open: () => ObjectStore, prefix: string): void {
  const read = async (
    key: string,
    range?: { start: number; end?: number },
  ): Promise<string | null> => {
    const stream = await open().get(key, range);
    return stream === null ? null : (await buffer(stream)).toString();
  };
  const keys = async (start: string): Promise<string[]> => {
    const found: string[] = [];
    for await (const key of open().list(start)) found.push(key);
    return found.sort();
  };

  it('gives back what was put, with its size and hash [A-PIPE-07]', async () => {
    const body = randomBytes(12_000_000);
    const chunks = Readable.from([body.subarray(0, 5_000_001), body.subarray(5_000_001)], {
      objectMode: false,
    });
    const put = await open().put(`${prefix}/big`, chunks, { contentType: 'text/plain' });
    const sha256 = createHash('sha256').update(body).digest('hex');
    expect(put).toEqual({ bytes: body.length, sha256 });
    expect(await open().head(`${prefix}/big`)).toEqual({ bytes: body.length });
    const stream = await open().get(`${prefix}/big`);
    expect(stream === null ? null : (await buffer(stream)).equals(body)).toBe(true);
  });

  it('reads ranges, also beyond the end', async () => {
    await open().put(`${prefix}/range`, Buffer.from('0123456789'));
    expect(await read(`${prefix}/range`, { start: 3 })).toBe('3456789');
    expect(await read(`${prefix}/range`, { start: 3, end: 5 })).toBe('345');
    expect(await read(`${prefix}/range`, { start: 8, end: 500 })).toBe('89');
    expect(await read(`${prefix}/range`, { start: 10 })).toBe('');
    await expect(read(`${prefix}/range`, { start: -1 })).rejects.toMatchObject({
      code: 'validation_failed',
    });
  });

  it('knows nothing of a key that is not there, and forgets one that is deleted', async () => {
    expect(await read(`${prefix}/none`)).toBeNull();
    expect(await open().head(`${prefix}/none`)).toBeNull();
    await open().put(`${prefix}/gone`, Buffer.from('x'));
    await open().delete(`${prefix}/gone`);
    await open().delete(`${prefix}/gone`);
    expect(await read(`${prefix}/gone`)).toBeNull();
  });

  it('replaces an object whole, and an empty one is one', async () => {
    await open().put(`${prefix}/same`, Buffer.from('a longer first value'));
    await open().put(`${prefix}/same`, Buffer.from('second'));
    expect(await read(`${prefix}/same`)).toBe('second');
    await open().put(`${prefix}/empty`, Buffer.alloc(0));
    expect(await open().head(`${prefix}/empty`)).toEqual({ bytes: 0 });
    expect(await read(`${prefix}/empty`)).toBe('');
  });

  it('lists by prefix, where one key may begin with another', async () => {
    const long = `${prefix}/list/${'n'.repeat(190)}/${'m'.repeat(190)}`;
    const all = [`${prefix}/list/a`, `${prefix}/list/a.b/c`, `${prefix}/list/ab=c@d+e`, long];
    for (const key of all) await open().put(key, Buffer.from(key));
    expect(await keys(`${prefix}/list/`)).toEqual([...all].sort());
    expect(await keys(`${prefix}/list/a`)).toEqual(all.slice(0, 3).sort());
    expect(await read(long)).toBe(long);
    for (const key of all) await open().delete(key);
    expect(await keys(`${prefix}/list/`)).toEqual([]);
  });

  it('writes nothing when the body breaks', async () => {
    await open().put(`${prefix}/kept`, Buffer.from('before'));
    const broken = Readable.from(
      (function* () {
        yield Buffer.alloc(6_000_000);
        throw new Error('the source broke');
      })(),
      { objectMode: false },
    );
    await expect(open().put(`${prefix}/kept`, broken)).rejects.toThrow();
    expect(await read(`${prefix}/kept`)).toBe('before');
  });

  it('refuses keys that could lead elsewhere', async () => {
    const bad = [
      '',
      '/a',
      'a/',
      'a//b',
      '.',
      'a/../b',
      '..',
      'a/./b',
      'a\\b',
      'a\0b',
      'a!b',
      'ä',
      'x'.repeat(513),
    ];
    for (const key of bad) {
      await expect(open().put(key, Buffer.from('x'))).rejects.toMatchObject({
        code: 'validation_failed',
      });
      await expect(open().get(key)).rejects.toMatchObject({ code: 'validation_failed' });
    }
  });
}
