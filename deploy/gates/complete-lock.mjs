#!/usr/bin/env node
/**
 * `node deploy/gates/complete-lock.mjs [--check]`: names in package-lock.json every optional package of another
 * platform. npm leaves one out when the registry it was written against does not carry it, and then refuses
 * `npm ci` everywhere because the lock "is not in sync". An entry without an address and a hash is enough: npm
 * fetches it only on that platform.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { inRoot } from '../lib/paths.mjs';

const systems = ['darwin', 'linux', 'win32', 'android', 'freebsd', 'openharmony'];
const processors = ['arm64', 'arm', 'x64', 'ia32', 'ppc64', 'riscv64', 's390x', 'loong64'];

/**
 * The packages that are missing in a lock.
 * @param {Record<string, any>} packages of package-lock.json
 * @returns {Record<string, object>} entries to add, by place
 */
export function missingEntries(packages) {
  /** @type {Record<string, object>} */
  const missing = {};
  for (const [place, entry] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const words = name.split(/[-/]/);
      const os = systems.filter((system) => words.includes(system));
      const cpu = processors.filter((processor) => words.includes(processor));
      const known = [`${place}/node_modules/${name}`, `node_modules/${name}`];
      if (known.some((candidate) => packages[candidate]) || !/^\d/.test(version)) continue;
      if (os.length === 0 || cpu.length === 0) continue;
      const dev = entry.dev ? { dev: true } : {};
      missing[`node_modules/${name}`] = { version, cpu, ...dev, optional: true, os };
    }
  }
  return missing;
}

const file = inRoot('package-lock.json');
const lock = JSON.parse(readFileSync(file, 'utf8'));
const missing = missingEntries(lock.packages);
const names = Object.keys(missing);
if (names.length > 0 && process.argv.includes('--check')) {
  process.stderr.write(`package-lock.json lacks ${names.join(', ')}: run this without --check\n`);
  process.exitCode = 1;
} else if (names.length > 0) {
  const { '': own, ...others } = { ...lock.packages, ...missing };
  const sorted = Object.entries(others).sort(([a], [b]) => a.localeCompare(b, 'en'));
  lock.packages = { '': own, ...Object.fromEntries(sorted) };
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  process.stdout.write(`added ${names.length}\n`);
}
