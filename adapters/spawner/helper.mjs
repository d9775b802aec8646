/**
 * The spawner: a small process beside the API or the workers that starts their children. A fork copies the page tables of whoever
 * forks, so a child costs a large process ten times what it costs this one, and holds up all else that it does.
 *
 * It lives as long as its channel: whoever asked is gone when that closes. Children in a sandbox die with it; the others
 * notice by their closed streams, as they would with any other parent.
 */
import { spawn } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';

/**
 * @typedef {import('./protocol.ts').Order} Order
 * @typedef {import('./protocol.ts').News} News
 * @typedef {import('./protocol.ts').SpawnPlan} SpawnPlan
 * @typedef {import('./protocol.ts').SandboxPlan} SandboxPlan
 */

const socketPath = process.argv[2] ?? '';
const headerBytes = 16;

/** @param {News} news */
function tell(news) {
  // The channel closes when the asker is gone; there is nobody left to tell then.
  if (process.connected) process.send?.(news, () => undefined);
}

/**
 * A stream of a child: a connection that begins with whose it is.
 * @param {number} id
 * @param {number} fd
 * @returns {Promise<import('node:net').Socket>}
 */
function openStream(id, fd) {
  return new Promise((resolve, reject) => {
    const socket = connect({ path: socketPath, allowHalfOpen: true });
    socket.pause();
    socket.once('error', reject);
    socket.write(`${id}:${fd}`.padEnd(headerBytes), () => resolve(socket));
  });
}

/**
 * @param {number} id
 * @param {SpawnPlan} plan
 */
async function start(id, plan) {
  const { stdin, stdout, sandbox } = plan;
  const [input, output] = await Promise.all([
    stdin === 'stream' ? openStream(id, 0) : null,
    stdout === 'stream' ? openStream(id, 1) : null,
  ]);
  // The asker holds the reading end open, so this does not wait.
  const pipe = stdout === 'stream' ? null : openSync(stdout.path, constants.O_WRONLY);
  try {
    const extra = sandbox === undefined ? [] : ['pipe', 'pipe', 'pipe'];
    const child = spawn(plan.command, plan.args, {
      cwd: plan.cwd,
      env: plan.env,
      detached: plan.inOurGroup !== true,
      stdio: /** @type {any} */ ([input ?? 'ignore', output ?? pipe, 'pipe', ...extra]),
    });
    follow(id, child, sandbox);
  } finally {
    input?.destroy();
    output?.destroy();
    if (pipe !== null) closeSync(pipe);
  }
}

/**
 * @param {number} id
 * @param {import('node:child_process').ChildProcess} child
 * @param {SandboxPlan | undefined} sandbox
 */
function follow(id, child, sandbox) {
  child.once('error', (error) => fail(id, error));
  child.once('spawn', () => tell({ news: 'started', id, pid: child.pid ?? 0 }));
  const stderr = readTail(child.stderr);
  const scriptCode = sandbox === undefined ? Promise.resolve(null) : attend(id, child, sandbox);
  child.once('exit', (code) => {
    void Promise.all([scriptCode, stderr]).then(([script, text]) => {
      tell({ news: 'ended', id, code, scriptCode: script, stderr: text });
    });
  });
}

/**
 * The script goes in last: when bubblewrap has told of its child, its life is tied to ours, so a process that is killed
 * before that leaves an empty script behind, which does nothing; and the child, still without children of its own, is put
 * into the control group. Joining waits for the kernel (10 ms at worst), so it begins early, with the wrapper.
 * @param {number} id
 * @param {import('node:child_process').ChildProcess} child
 * @param {SandboxPlan} plan
 * @returns {Promise<number | null>} the script's exit code
 */
function attend(id, child, plan) {
  /** @type {readonly any[]} the types know five entries; there are six */
  const stdio = child.stdio;
  feed(stdio[3], plan.options);
  const early = join(plan.groups, child.pid ?? 0).catch(() => undefined);
  let told = false;
  return readStatus(stdio[4], (pid) => {
    if (told) return;
    told = true;
    if (pid === null) return feed(stdio[5], '');
    tell({ news: 'init', id, pid });
    early
      .then(() => join(plan.groups, pid))
      .then(
        () => feed(stdio[5], plan.script),
        () => {
          // A step that could not be limited is not run.
          child.kill('SIGKILL');
          feed(stdio[5], '');
        },
      );
  });
}

/**
 * @param {readonly string[]} groups
 * @param {number} pid
 */
async function join(groups, pid) {
  await Promise.all(groups.map((file) => writeFile(file, String(pid))));
}

/**
 * bubblewrap writes one JSON document when the child runs and one when it has ended.
 * @param {import('node:stream').Readable} stream
 * @param {(pid: number | null) => void} onInit null: it never ran
 * @returns {Promise<number | null>}
 */
function readStatus(stream, onInit) {
  let text = '';
  const number = (/** @type {string} */ key) => {
    const match = new RegExp(`"${key}"\\s*:\\s*(\\d+)`).exec(text);
    return match === null ? null : Number(match[1]);
  };
  return new Promise((resolve) => {
    stream.on('data', (chunk) => {
      text += chunk.toString('utf8');
      const pid = number('child-pid');
      if (pid !== null) onInit(pid);
    });
    stream.on('error', () => undefined);
    stream.on('close', () => {
      onInit(number('child-pid'));
      resolve(number('exit-code'));
    });
  });
}

/**
 * @param {import('node:stream').Readable | null} stream
 * @returns {Promise<string>}
 */
function readTail(stream) {
  return new Promise((resolve) => {
    let text = '';
    stream?.setEncoding('utf8').on('data', (chunk) => {
      text = (text + chunk).slice(-8192);
    });
    stream?.on('error', () => undefined);
    stream?.on('close', () => resolve(text));
  });
}

/**
 * @param {import('node:stream').Writable} stream
 * @param {string} text
 */
function feed(stream, text) {
  // The reader may be gone already when a wrapper fails; its exit code tells that, EPIPE adds nothing.
  stream.on('error', () => undefined).end(text);
}

/**
 * @param {number} id
 * @param {unknown} error
 */
function fail(id, error) {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : null;
  tell({ news: 'failed', id, message, code });
}

// An interrupt from a terminal reaches the whole group; when to end is the asker's to say.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
process.once('disconnect', () => process.exit(0));
process.on('message', (/** @type {Order} */ order) => {
  start(order.id, order.plan).catch((error) => fail(order.id, error));
});
process.title = 'slipway-spawner';
tell({ news: 'ready' });
