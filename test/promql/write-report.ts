import { writeFile } from 'node:fs/promises';
import { reportOf } from './report.ts';
import { type Outcome, runScript } from './run-script.ts';
import { readScripts } from './testdata.ts';

const scripts = await readScripts();
if (scripts === null) throw new Error('Go is not installed: its client fetches the scripts');
const outcomes = new Map<string, Outcome[]>();
for (const [name, text] of scripts) outcomes.set(name, await runScript(text));
await writeFile('docs/promql-conformance.md', reportOf(outcomes));
