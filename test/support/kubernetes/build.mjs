// node test/support/kubernetes/build.mjs: builds the programs of a Kubernetes for tests, once for each version. Takes 10
// to 15 minutes on two cores the first time, which is why no test does it by itself. With `kwok` as its argument: only
// what plays nodes and pods in the bench of a fleet, in 2 to 5 minutes.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  binaries,
  binaryFolder,
  findProgram,
  kwokFolder,
  kwokVersion,
  missingPrograms,
  version,
} from './programs.mjs';

/** k8s.io/kubernetes takes its own parts from folders beside it; for us they come as modules of the same release. */
function moduleFile() {
  const answer = go(['mod', 'download', '-json', `k8s.io/kubernetes@v${version}`], tmpdir());
  const parts = readFileSync(JSON.parse(answer).GoMod, 'utf8').matchAll(
    /^\s*(k8s\.io\/[a-z0-9-]+) => \.\/staging/gm,
  );
  const staged = `v0${version.slice(version.indexOf('.'))}`;
  const replaced = [...parts].map(([, part]) => `replace ${part} => ${part} ${staged}\n`);
  return `module slipway.dev/test-cluster\n\ngo 1.24.0\n\nrequire k8s.io/kubernetes v${version}\n${replaced.join('')}`;
}

function go(args, cwd, more = {}) {
  const env = { ...process.env, ...more, GOFLAGS: '-mod=mod -buildvcs=false', CGO_ENABLED: '0' };
  // Nobody waits for it, so it leaves the machine to those who work.
  return execFileSync('nice', ['-n', '19', 'go', ...args], {
    cwd,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Its own module builds as it is. */
function installKwok() {
  if (findProgram('kwok') !== null) {
    console.log(`kwok ${kwokVersion} is built already: ${kwokFolder}`);
    return;
  }
  mkdirSync(kwokFolder, { recursive: true });
  console.log(`building kwok ${kwokVersion} …`);
  go(['install', `sigs.k8s.io/kwok/cmd/kwok@v${kwokVersion}`], tmpdir(), { GOBIN: kwokFolder });
}

function buildKubernetes() {
  const missing = missingPrograms().filter((name) => binaries.includes(name));
  if (missing.length === 0) {
    console.log(`Kubernetes ${version} is built already: ${binaryFolder}`);
  } else {
    const folder = mkdtempSync(join(tmpdir(), 'slipway-kubernetes-'));
    try {
      writeFileSync(join(folder, 'go.mod'), moduleFile());
      mkdirSync(binaryFolder, { recursive: true });
      const named = 'k8s.io/component-base/version';
      const [major, minor] = version.split('.');
      const flags = [
        '-s -w',
        `-X ${named}.gitVersion=v${version}`,
        `-X ${named}.gitMajor=${major}`,
        `-X ${named}.gitMinor=${minor}`,
      ].join(' ');
      for (const name of missing) {
        console.log(`building ${name} ${version} …`);
        const file = join(folder, name);
        go(
          ['build', '-trimpath', '-ldflags', flags, '-o', file, `k8s.io/kubernetes/cmd/${name}`],
          folder,
        );
        execFileSync('mv', [file, `${join(binaryFolder, name)}.new`]);
        renameSync(`${join(binaryFolder, name)}.new`, join(binaryFolder, name));
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

if (process.argv[2] === 'kwok') installKwok();
else buildKubernetes();
