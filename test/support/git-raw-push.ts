import { spawn } from 'node:child_process';
import type { TestRepository, TestUser } from './git-server.ts';

export const zeroSha = '0'.repeat(40);

function packet(bytes: Buffer): Buffer {
  const length = (bytes.length + 4).toString(16).padStart(4, '0');
  return Buffer.concat([Buffer.from(length), bytes]);
}

/** Everything that `sha` reaches, as a pack. */
function packOf(cwd: string, sha: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const env = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', GIT_CONFIG_NOSYSTEM: '1' };
    const child = spawn('git', ['pack-objects', '--revs', '--stdout', '-q'], { cwd, env });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(chunks));
      else reject(new Error(`pack-objects ended with ${String(code)}`));
    });
    child.stdin.end(`${sha}\n`);
  });
}

interface RawUpdate {
  ref: string | Buffer;
  oldSha?: string;
  newSha: string;
}

/** A push request as bytes, for refs that stock git would refuse to send. */
export async function rawBody(cwd: string, updates: RawUpdate[]): Promise<Buffer> {
  const commands = updates.map(({ ref, oldSha = zeroSha, newSha }, index) =>
    packet(
      Buffer.concat([
        Buffer.from(`${oldSha} ${newSha} `),
        Buffer.from(ref as string),
        Buffer.from(index === 0 ? '\0 report-status' : ''),
      ]),
    ),
  );
  const pack = await packOf(cwd, updates[0]?.newSha ?? '');
  return Buffer.concat([...commands, Buffer.from('0000'), pack]);
}

/** Sends such a request, and says what the server answered. */
export async function rawPush(
  repository: TestRepository,
  user: TestUser,
  cwd: string,
  updates: RawUpdate[],
): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${repository.url}/git-receive-pack`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${user.token}`,
      'content-type': 'application/x-git-receive-pack-request',
    },
    body: new Uint8Array(await rawBody(cwd, updates)),
  });
  return { status: answer.status, text: await answer.text() };
}
