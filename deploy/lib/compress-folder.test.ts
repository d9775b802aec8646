import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { compressFolder } from './compress-folder.mjs';

describe('the build of the web application', () => {
  it('leaves compressed twins beside texts that are worth it, and nothing else', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'slipway-twins-'));
    await mkdir(path.join(folder, 'assets'));
    const text = 'const one = 1;\n'.repeat(500);
    await writeFile(path.join(folder, 'assets/a.js'), text);
    await writeFile(path.join(folder, 'assets/b.png'), text);
    await writeFile(path.join(folder, 'short.css'), 'a {}');
    await compressFolder(folder);
    const names = (await readdir(folder, { recursive: true })).sort();
    expect(names).toEqual(
      [
        'assets',
        'assets/a.js',
        'assets/a.js.br',
        'assets/a.js.gz',
        'assets/b.png',
        'short.css',
      ].sort(),
    );
    const packed = await readFile(path.join(folder, 'assets/a.js.br'));
    expect(packed.length).toBeLessThan(text.length / 10);
    expect(brotliDecompressSync(packed).toString()).toBe(text);
    expect(gunzipSync(await readFile(path.join(folder, 'assets/a.js.gz'))).toString()).toBe(text);
    await rm(folder, { recursive: true });
  });
});
