#!/usr/bin/env node
/**
 * `npm run clients [-- name …]`: clones from and pushes to a Slipway with stock git clients, and works on one with clients
 * that stock generators make of its OpenAPI document. Each is of a pinned version, which is installed into a temporary
 * folder from its public registry. Prints what passed and failed for each client and case. Needs git, Python 3, Java with
 * Maven and Go; a client whose tools are missing is told as skipped. Not a part of CI.
 */
import { spawn } from 'node:child_process';
import { inRoot, root } from './lib/paths.mjs';
import { buildStale, generateClient, installPackages } from './lib/prepare.mjs';

await installPackages();
await generateClient();
await buildStale();
const names = process.argv.slice(2);
const child = spawn(
  process.execPath,
  [
    ...['--experimental-vm-modules', '--no-warnings', inRoot('node_modules/jest/bin/jest.js')],
    ...['--config', inRoot('test/clients/jest.config.mjs'), '--verbose', '--forceExit'],
    ...(names.length === 0 ? [] : ['-t', names.join('|')]),
  ],
  { cwd: root, stdio: 'inherit', env: { ...process.env, NODE_ENV: 'test' } },
);
child.once('exit', (code) => {
  process.exitCode = code ?? 1;
});
