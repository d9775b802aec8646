import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { text } from 'node:stream/consumers';
import {
  defaultLimits,
  type Executor,
  type WorkspaceMount,
} from '../../adapters/executor/executor.ts';
import { runStep, stepSpec } from '../support/steps.ts';

/** What a driver gives the suite: itself, and workspaces that hold `greeting.txt` with `hello\n`. */
export interface ConformanceSubject {
  executor: Executor;
  newWorkspace(): Promise<WorkspaceMount>;
  close(): Promise<void>;
}

/** What every driver must do alike: process sandbox, container, pod. */
export function runExecutorConformance(
  driver: string,
  makeExecutor: () => Promise<ConformanceSubject>,
): void {
  describe(`the ${driver} driver`, () => {
    let subject: ConformanceSubject;
    let space: WorkspaceMount;
    const run = async (commands: string[], more: Parameters<typeof runStep>[3] = {}) =>
      runStep(subject.executor, space, commands, more);

    beforeAll(async () => {
      subject = await makeExecutor();
      space = await subject.newWorkspace();
    }, 240_000);
    afterAll(() => subject.close(), 30_000);

    it('runs the commands in order in the workspace, each echoed first [A-PIPE-04]', async () => {
      const end = await run(['cat greeting.txt', 'echo done']);
      expect(end.output).toBe('$ cat greeting.txt\nhello\n$ echo done\ndone\n');
      expect(end).toMatchObject({ exitCode: 0, signal: null, reason: 'exited' });
      expect(end.durationMs).toBeGreaterThan(0);
    });

    it('stops at the first command that fails and gives its exit code [A-PIPE-04]', async () => {
      const end = await run(['echo one', 'exit 3', 'echo never']);
      expect(end.output).toContain('one\n');
      expect(end.output).not.toContain('never');
      expect(end).toMatchObject({ exitCode: 3, reason: 'exited' });
    });

    it('gives stdout and stderr as one stream in the order written', async () => {
      const end = await run([
        'echo 1; echo 2 >&2; echo 3; echo 4 > /dev/stderr; echo 5 > /dev/stdout',
      ]);
      expect(end.output.split('\n').slice(1, 6)).toEqual(['1', '2', '3', '4', '5']);
    });

    it('streams a line before the step has ended [A-PIPE-06]', async () => {
      const execution = await subject.executor.start(
        stepSpec(space, ['echo early', 'while [ ! -e go ]; do sleep 0.05; done', 'echo late']),
      );
      let seen = '';
      let ended = false;
      void execution.wait().then(() => (ended = true));
      for await (const chunk of execution.output) {
        seen += Buffer.from(chunk).toString();
        if (seen.includes('early\n') && !seen.includes('late')) {
          expect(ended).toBe(false);
          await execution.signal('SIGTERM');
        }
      }
      expect(await execution.wait()).toMatchObject({ reason: 'cancelled' });
    });

    it('loses no byte of a large binary output', async () => {
      const execution = await subject.executor.start(
        stepSpec(space, ['head -c 20000000 /dev/zero']),
      );
      let bytes = 0;
      for await (const chunk of execution.output) bytes += chunk.length;
      expect(bytes).toBe(20_000_000 + '$ head -c 20000000 /dev/zero\n'.length);
    });

    it('passes env, quotes nothing wrongly and starts in the working directory', async () => {
      await run(['mkdir -p "a b/c"']);
      const value = 'quo\'te "dollar $HOME `id` \n second line';
      const end = await run(['printf %s "$VALUE"', 'echo; pwd'], {
        env: { VALUE: value },
        workingDir: 'a b/c',
      });
      expect(end.output).toContain(value);
      expect(end.output).toMatch(/\/a b\/c\n$/);
      expect(end.exitCode).toBe(0);
    });

    it('refuses a working directory outside the workspace and an id that is not one', async () => {
      for (const more of [{ workingDir: '../x' }, { workingDir: '/etc' }, { id: 'a b' }]) {
        await expect(run(['true'], more)).rejects.toMatchObject({ code: 'validation_failed' });
      }
    });

    it('refuses a second execution with the same id while the first runs', async () => {
      const spec = stepSpec(space, ['sleep 30']);
      const first = await subject.executor.start(spec);
      await expect(subject.executor.start(spec)).rejects.toMatchObject({ code: 'conflict' });
      await first.cleanup();
      await first.cleanup();
    });

    it('ends a step at its timeout, after time to tidy up', async () => {
      const polite = ['trap "echo tidied; exit 0" TERM', 'while :; do sleep 0.1; done'];
      // long enough for the trap to be set
      const end = await run(polite, { timeoutMs: 4000 });
      expect(end.output).toContain('tidied\n');
      expect(end.reason).toBe('timeout');
    });

    it('lets a step answer other signals and go on', async () => {
      const commands = [
        'got=; trap "echo got it; got=1" USR1',
        'echo ready; for i in $(seq 600); do [ -n "$got" ] && break; sleep 0.1 || :; done',
      ];
      const execution = await subject.executor.start(stepSpec(space, commands));
      let seen = '';
      for await (const chunk of execution.output) {
        seen += Buffer.from(chunk).toString();
        if (seen.endsWith('ready\n')) await execution.signal('SIGUSR1');
      }
      expect(seen).toContain('got it\n');
      expect(await execution.wait()).toMatchObject({ reason: 'exited', exitCode: 0 });
    });

    it('has no network when a step asks for none', async () => {
      const end = await run(['cat /proc/net/route | wc -l']);
      expect(end.output).toMatch(/\n[01]\n$/);
    });

    it('follows links within the workspace, refuses those that lead out, and says both [A-PIPE-07]', async () => {
      await run([
        'mkdir -p dist/v1 .git && echo lib > dist/libx.so.1 && ln -s libx.so.1 dist/libx.so && chmod 755 dist/libx.so.1',
        'echo one > dist/v1/a && ln -s v1 dist/latest && ln -s none dist/broken && ln -s self dist/self',
        'ln -s /etc/hostname dist/out && ln -s ../../../../usr dist/usr && ln -s "$PWD/dist/v1/a" dist/whole',
        'ln -s /etc/hostname dist/v1/deep && ln -s ../.git dist/git && echo x > .git/HEAD && ln -s .. dist/v1/up',
      ]);
      const found = new Map<string, string>();
      const said: string[] = [];
      for await (const file of subject.executor.collect(space, ['dist/**'], undefined, (line) =>
        said.push(line),
      )) {
        found.set(file.path, `${file.mode.toString(8)} ${await text(file.stream)}`);
      }
      expect([...found].sort()).toEqual([
        ['dist/latest/a', '644 one\n'],
        ['dist/libx.so', '755 lib\n'],
        ['dist/libx.so.1', '755 lib\n'],
        ['dist/v1/a', '644 one\n'],
        ['dist/whole', '644 one\n'],
      ]);
      expect(said).toEqual(
        expect.arrayContaining([
          'dist/libx.so is a link: stored as what it leads to, dist/libx.so.1',
          'dist/broken is a link that leads nowhere: not stored',
          'dist/self is a link that leads to itself: not stored',
          'dist/out is a link that leads out of the workspace: not stored',
          'dist/usr is a link that leads out of the workspace: not stored',
          'dist/git is a link that leads out of the workspace: not stored',
          'dist/v1/deep is a link that leads out of the workspace: not stored',
          'dist/latest is a link: stored as what it leads to, dist/v1, but for links there that lead elsewhere',
          'dist/v1/up is a link to a folder that holds it: not stored',
        ]),
      );
    });

    it('collects the files that match, with their content, and no link that leads out [A-PIPE-07]', async () => {
      const name = 'ü'.repeat(70);
      await run([
        `mkdir -p out/deep/er ${name} && echo one > out/1.txt && echo two > "out/deep/er/-2 x.txt"`,
        `echo three > ${name}/${name}3.log && head -c 300000 /dev/zero > out/big.bin`,
        'ln -s /etc/passwd out/link.txt && ln -s ../.. out/up && ln out/1.txt out/hard.txt',
      ]);
      const found = new Map<string, string>();
      const globs = ['out/**/*.txt', `**/*.{log,none}`, 'out/big.bin'];
      for await (const file of subject.executor.collect(space, globs)) {
        if (file.path === 'out/big.bin') expect(file.size).toBe(300_000);
        else found.set(file.path, await text(file.stream));
      }
      expect([...found].sort()).toEqual([
        ['out/1.txt', 'one\n'],
        ['out/deep/er/-2 x.txt', 'two\n'],
        ['out/hard.txt', 'one\n'],
        [`${name}/${name}3.log`, 'three\n'],
      ]);
    });

    it('collects no more than it may, counted as it is stored: links to one file, and files with nothing in them [A-PIPE-07]', async () => {
      await run([
        'mkdir big && truncate -s 1M big/a && for n in 1 2 3 4; do ln big/a big/$n; done',
      ]);
      const collect = async (limits: { files: number; bytes: number }) => {
        let bytes = 0;
        for await (const file of subject.executor.collect(space, ['big/**'], limits)) {
          file.stream.resume();
          bytes += file.size;
        }
        return bytes;
      };
      const mib = 1024 ** 2;
      expect(await collect({ files: 5, bytes: 5 * mib })).toBe(5 * mib);
      const tooMuch = { code: 'unprocessable' };
      await expect(collect({ files: 4, bytes: 9 * mib })).rejects.toMatchObject({
        ...tooMuch,
        message: 'more than 4 files match',
      });
      await expect(collect({ files: 9, bytes: 4 * mib })).rejects.toMatchObject({
        ...tooMuch,
        message: 'its files hold more than 4 MiB together',
      });
    });

    it('says what it is and what it enforces', async () => {
      const about = await subject.executor.describe();
      expect(about).toMatchObject({ ready: true, problem: null });
      expect(about.enforced.length).toBeGreaterThan(0);
    });

    it('caps memory, and says so', async () => {
      const limits = { ...defaultLimits, memoryBytes: 128 * 1024 ** 2 };
      const end = await run(['tail /dev/zero'], { limits });
      expect(end.reason).toBe('oom');
    });
  });
}
