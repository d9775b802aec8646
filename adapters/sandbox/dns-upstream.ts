import { createSocket } from 'node:dgram';
import dns from 'node:dns';
import { connect, isIP, isIPv6 } from 'node:net';

const waitMs = 2500;

/** Asks the name servers of this machine, as they are; each in turn. null: none answered. */
export async function askUpstream(query: Buffer, by: 'udp' | 'tcp'): Promise<Buffer | null> {
  for (const { address, port } of servers()) {
    const answer = await (by === 'udp' ? overUdp : overTcp)(query, address, port);
    if (answer !== null) return answer;
  }
  return null;
}

/** `203.0.113.1`, `203.0.113.1:5353`, `[2001:db8::1]:53`. */
function servers(): { address: string; port: number }[] {
  return dns.getServers().map((text) => {
    const match = /^\[(.+)\]:(\d+)$|^([\d.]+):(\d+)$/.exec(text);
    const address = match?.[1] ?? match?.[3] ?? text;
    return { address, port: Number(match?.[2] ?? match?.[4] ?? 53) };
  });
}

function overUdp(query: Buffer, address: string, port: number): Promise<Buffer | null> {
  if (isIP(address) === 0) return Promise.resolve(null);
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  return new Promise((resolve) => {
    const end = (answer: Buffer | null): void => {
      clearTimeout(timer);
      resolve(answer);
      socket.removeAllListeners('message').close();
    };
    const timer = setTimeout(() => end(null), waitMs);
    socket.once('error', () => end(null));
    socket.on('message', (answer) => {
      if (answer.length >= 12 && answer.readUInt16BE(0) === query.readUInt16BE(0)) end(answer);
    });
    // Bound to that server: nobody else's answer is taken.
    socket.connect(port, address, () => socket.send(query));
  });
}

function overTcp(query: Buffer, host: string, port: number): Promise<Buffer | null> {
  const socket = connect({ host, port, timeout: waitMs });
  return new Promise((resolve) => {
    let read = Buffer.alloc(0);
    const end = (answer: Buffer | null): void => {
      resolve(answer);
      socket.destroy();
    };
    socket.once('error', () => end(null)).once('timeout', () => end(null));
    socket.once('close', () => end(null));
    socket.on('data', (chunk) => {
      read = Buffer.concat([read, chunk]);
      if (read.length >= 2 && read.length >= 2 + read.readUInt16BE(0)) {
        end(read.subarray(2, 2 + read.readUInt16BE(0)));
      }
    });
    socket.end(framed(query));
  });
}

/** With the length before it, as over TCP. */
export function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}
