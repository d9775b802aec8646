// npm run walls: the imports of the whole tree against .dependency-cruiser.cjs.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const rooms = [
  ...['contracts', 'workflows', 'domain', 'adapters', 'activities', 'launch', 'api', 'workers'],
  ...['web/src', 'cli', 'prisma', 'test', 'deploy'],
].filter((room) => existsSync(join(root, room)));

const { stdout, stderr } = spawnSync(
  process.execPath,
  ['node_modules/dependency-cruiser/bin/dependency-cruise.mjs', '-T', 'json', ...rooms],
  { cwd: root, encoding: 'utf8', maxBuffer: 1e9 },
);
if (!stdout.startsWith('{')) {
  console.error(stderr || 'dependency-cruiser printed nothing');
  process.exit(2);
}
const { totalCruised, violations } = JSON.parse(stdout).summary;
for (const { rule, from, to } of violations) console.error(`${rule.name}: ${from} → ${to}`);
// With a compiler it cannot use, dependency-cruiser reads nothing and reports that all is well.
const isBlind = totalCruised < rooms.length;
console.log(`walls: ${totalCruised} modules, ${violations.length} breaches`);
if (isBlind) console.error('walls: too few modules were read; is the parser still there?');
process.exitCode = violations.length > 0 || isBlind ? 1 : 0;
