import { closeSync, constants, openSync } from 'node:fs';
import { chmod, chown } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { stepGid, stepUid } from './options.ts';
import { runTool } from './run-tool.ts';

/**
 * One named pipe per running step. Node's own stdio pipes are sockets, and `echo x > /dev/stderr` in a step fails on a
 * socket; on an anonymous pipe it fails too, since that belongs to whoever made it. These belong to the step's user.
 */
export interface OutputPipes {
  take(): Promise<OutputPipe>;
}

export interface OutputPipe {
  /** what the child's stdout is opened by; our own writing end, which keeps it from ending early, is closed by `read` */
  path: string;
  /** Call once the child has its end. */
  read(): Socket;
  /** When it was never read. */
  discard(): void;
}

const batch = 16;

export function openOutputPipes(dir: string): OutputPipes {
  const free: string[] = [];
  let made = 0;
  let making: Promise<void> | null = null;
  const makeBatch = async (): Promise<void> => {
    const paths = Array.from({ length: batch }, (_, index) => join(dir, String(made + index)));
    made += batch;
    const result = await runTool('mkfifo', ['-m', '0600', ...paths]);
    if (result.code !== 0) throw new Error(`mkfifo: ${result.stderr.trim()}`);
    for (const path of paths) {
      if (process.getuid?.() !== 0) continue;
      await chown(path, stepUid, stepGid);
      // Write only: a step has no business reading back what it or a neighbour printed.
      await chmod(path, 0o200);
    }
    free.push(...paths);
  };
  const takePath = async (): Promise<string> => {
    for (let path = free.shift(); ; path = free.shift()) {
      if (path !== undefined) return path;
      making ??= makeBatch().finally(() => {
        making = null;
      });
      await making;
    }
  };
  return {
    take: async () => {
      const path = await takePath();
      // Bare descriptors: the socket takes the reader over, which a FileHandle does not let go of. Neither blocks.
      const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      const writer = openSync(path, constants.O_WRONLY);
      return pipeOf({ path, reader, writer }, () => free.push(path));
    },
  };
}

function pipeOf(
  { path, reader, writer }: { path: string; reader: number; writer: number },
  giveBack: () => void,
): OutputPipe {
  return {
    path,
    read: () => {
      const socket = new Socket({ fd: reader, readable: true, writable: false });
      socket.once('close', giveBack);
      closeSync(writer);
      return socket;
    },
    discard: () => {
      closeSync(writer);
      closeSync(reader);
      giveBack();
    },
  };
}
