import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, writeFile } from 'node:fs/promises';
import { stepGid, stepUid } from './options.ts';
import { trustedPath } from './run-tool.ts';

/** A user namespace that sandboxes are made in. It lives for as long as it is held open, and with what runs in it. */
export interface HeldNamespace {
  /** by which a process of this user enters it */
  path: string;
  close(): Promise<void>;
}

/**
 * Makes a user namespace that belongs to root and knows the step's user alone. Whoever made a user namespace has every
 * right in it: where the step's user makes its own, any other program of the host that runs as nobody reads the environment
 * and the files of all that runs there.
 */
export async function openUserNamespace(): Promise<HeldNamespace> {
  const holder = spawn('unshare', ['--user', '--', 'cat'], {
    cwd: '/',
    env: { PATH: trustedPath },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = once(holder, 'exit');
  try {
    holder.stdin.on('error', () => undefined);
    holder.stdin.write('in\n');
    // It answers from within.
    const answered = await Promise.race([
      once(holder.stdout, 'data').then(() => true),
      ended.then(() => false),
    ]);
    if (!answered) throw new Error('unshare ended early');
    const place = `/proc/${String(holder.pid)}`;
    await writeFile(`${place}/uid_map`, `${String(stepUid)} ${String(stepUid)} 1`);
    await writeFile(`${place}/gid_map`, `${String(stepGid)} ${String(stepGid)} 1`);
    const held = await open(`${place}/ns/user`);
    return {
      path: `/proc/${String(process.pid)}/fd/${String(held.fd)}`,
      close: () => held.close(),
    };
  } finally {
    holder.kill('SIGKILL');
    await ended.catch(() => undefined);
  }
}
