// Packs the built service into out/: one file to run, its notes, and a checksum to compare after a download.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';

const { name, version } = JSON.parse(await readFile('package.json', 'utf8'));
const archive = `${name}-${version}.tgz`;

await mkdir('out', { recursive: true });
execFileSync('tar', ['-czf', `out/${archive}`, 'dist/server.mjs', 'README.md', 'package.json']);
const bytes = await readFile(`out/${archive}`);
const sha256 = createHash('sha256').update(bytes).digest('hex');
await writeFile(`out/${archive}.sha256`, `${sha256}  ${archive}\n`);
console.log(`out/${archive}  ${bytes.length} bytes  sha256 ${sha256}`);
