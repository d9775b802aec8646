import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../..');
const require = createRequire(import.meta.url);
const rules: { forbidden: { name: string }[] } = require('../../.dependency-cruiser.cjs');

/** A small tree that keeps every wall. */
const sound: Record<string, string> = {
  'tsconfig.json': '{}',
  'package.json': JSON.stringify({
    type: 'module',
    dependencies: {
      '@temporalio/workflow': '1',
      '@temporalio/client': '1',
      '@prisma/client': '1',
      hono: '4',
      zod: '4',
    },
  }),
  'contracts/types.ts': 'export interface Thing { id: string }\nexport const queue = "core";',
  'prisma/generated/client.ts': 'export class PrismaClient {}',
  'domain/thing/add-thing.ts':
    'import { PrismaClient } from "../../prisma/generated/client.ts";\nimport { queue } from "../../contracts/types.ts";\nexport const db = [PrismaClient, queue];',
  'adapters/git/git.ts':
    'import { queue } from "../../contracts/types.ts";\nexport const git = queue;',
  'workflows/run.ts':
    'import { sleep } from "@temporalio/workflow";\nimport { queue } from "../contracts/types.ts";\nexport const run = [sleep, queue];',
  'activities/index.ts':
    'import { db } from "../domain/thing/add-thing.ts";\nimport { git } from "../adapters/git/git.ts";\nexport const act = [db, git];',
  'launch/start.ts':
    'import { Client } from "@temporalio/client";\nimport type { run } from "../workflows/run.ts";\nexport const start: [typeof Client, typeof run?] = [Client];',
  'api/main.ts':
    'import { git } from "../adapters/git/git.ts";\nimport { app } from "./app.ts";\nexport const main = [git, app];',
  'api/app.ts':
    'import { start } from "../launch/start.ts";\nimport { db } from "../domain/thing/add-thing.ts";\nimport type { git } from "../adapters/git/git.ts";\nexport const app = [start, db] as unknown as typeof git;',
  'workers/main.ts':
    'import { act } from "../activities/index.ts";\nimport type { PrismaClient } from "../prisma/generated/client.ts";\nexport const work: [unknown, PrismaClient?] = [act];',
  'web/src/main.tsx':
    'import type { Thing } from "../../contracts/types.ts";\nexport const x: Thing = { id: "" };',
  'test/support/helper.ts': 'import { app } from "../../api/app.ts";\nexport const helper = app;',
};

/** One file per rule that breaks it; the name of the rule is the key. */
const breaches: Record<string, [file: string, source: string]> = {
  'no-cycles': ['domain/a.ts', 'import "./b.ts";'],
  'pages-without-circles': ['web/src/pages/issue/list.ts', 'import "../project/all.ts";'],
  'web-lib-draws-nothing': ['web/src/lib/words.ts', 'import "../components/drawn.tsx";'],
  'web-state-and-components-know-no-page': [
    'web/src/components/drawn.tsx',
    'import "../pages/project/one.tsx";',
  ],
  resolvable: ['domain/lost.ts', 'import "./nowhere.ts";'],
  'contracts-stand-alone': ['contracts/bad.ts', 'import "../domain/thing/add-thing.ts";'],
  'contracts-do-no-io': ['contracts/io.ts', 'import "node:fs";'],
  'workflows-see-contracts-only': ['workflows/bad.ts', 'import "../domain/thing/add-thing.ts";'],
  'workflows-use-two-packages': ['workflows/io.ts', 'import "zod";'],
  'domain-knows-neither-http-nor-temporal': ['domain/http.ts', 'import "hono";'],
  'domain-sees-contracts-and-prisma': ['domain/outside.ts', 'import "../adapters/git/git.ts";'],
  'adapters-see-contracts-only': ['adapters/bad.ts', 'import "../domain/thing/add-thing.ts";'],
  'activities-see-domain-and-adapters': ['activities/bad.ts', 'import "../launch/start.ts";'],
  'launch-sees-contracts-and-workflow-types': [
    'launch/bad.ts',
    'import "../domain/thing/add-thing.ts";',
  ],
  'launch-and-api-see-workflows-as-types': ['launch/code.ts', 'import "../workflows/run.ts";'],
  'only-launch-starts-workflows': ['activities/start.ts', 'import "@temporalio/client";'],
  'api-sees-domain-and-launch': ['api/bad.ts', 'import "../activities/index.ts";'],
  'adapters-reach-the-api-through-main': ['api/git.ts', 'import "../adapters/git/git.ts";'],
  'workers-do-not-serve': ['workers/bad.ts', 'import "../api/app.ts";'],
  'web-and-cli-talk-http': ['web/src/bad.ts', 'import "../../domain/thing/add-thing.ts";'],
  'web-sees-contracts-as-types': ['web/src/value.ts', 'import "../../contracts/types.ts";'],
  'prisma-lives-in-domain': ['activities/db.ts', 'import "../prisma/generated/client.ts";'],
  'prisma-packages-live-in-domain': ['workers/db.ts', 'import "@prisma/client";'],
  'nothing-imports-tests': ['workers/test.ts', 'import "../test/support/helper.ts";'],
};

interface Summary {
  totalCruised: number;
  violations: { from: string; rule: { name: string } }[];
}

let tree: string | undefined;
afterEach(() => {
  if (tree) rmSync(tree, { recursive: true, force: true });
  tree = undefined;
});

async function cruise(files: Record<string, string>): Promise<Summary> {
  const folder = mkdtempSync(join(tmpdir(), 'walls-'));
  tree = folder;
  for (const [name, source] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), source);
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const depcruise = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const args = [depcruise, '--config', join(root, '.dependency-cruiser.cjs'), '-T', 'json', '.'];
  // The reporter's exit code is the number of errors, so only its output counts here.
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, args, { cwd: folder, maxBuffer: 1e8 }, (_error, stdout) =>
      resolve(stdout),
    );
  });
  return (JSON.parse(output) as { summary: Summary }).summary;
}

describe('the walls between the rooms', () => {
  it('let a tree through that keeps them, and really read it', async () => {
    const summary = await cruise(sound);
    expect(summary.violations).toEqual([]);
    expect(summary.totalCruised).toBeGreaterThan(Object.keys(sound).length - 3);
  }, 240_000);

  it('stop a breach of each rule, in the file where it was planted', async () => {
    const planted = Object.fromEntries(Object.values(breaches));
    const summary = await cruise({
      ...sound,
      ...planted,
      'domain/b.ts': 'import "./a.ts";',
      // no circle of files, but one of folders
      'web/src/pages/project/all.ts': 'export const all = 1;',
      'web/src/pages/project/one.tsx': 'import "../issue/list.ts";',
    });
    const caught = Object.entries(breaches).filter(([rule, [file]]) =>
      summary.violations.some(
        ({ from, rule: { name } }) => name === rule && (from === file || from === dirname(file)),
      ),
    );
    expect(caught.map(([rule]) => rule)).toEqual(Object.keys(breaches));
  }, 240_000);

  it('have a planted breach for every rule that is written down', () => {
    expect(rules.forbidden.map((rule) => rule.name).sort()).toEqual(Object.keys(breaches).sort());
  });
});
