import net from 'node:net';
import { StartFailure, reasonOf } from './failure.mjs';

/**
 * @param {number} port
 * @param {string} [host]
 * @returns {Promise<string | null>} null when it can be listened on, else the reason ('EADDRINUSE', 'EACCES' …)
 */
export function portProblem(port, host = '127.0.0.1') {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', (error) => resolve(reasonOf(error)));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(null)));
  });
}

/** @returns {Promise<number>} a port of the loopback interface that nobody listens on */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen({ port: 0, host: '127.0.0.1' }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/**
 * A port for a server of ours: the first of the wanted ones that is free, else any.
 * @param {(number | undefined)[]} wanted
 * @param {Set<number>} taken ports already given away in this start
 */
export async function choosePort(wanted, taken) {
  for (const port of wanted) {
    if (port === undefined || taken.has(port)) continue;
    if ((await portProblem(port)) === null) {
      taken.add(port);
      return port;
    }
  }
  const port = await freePort();
  taken.add(port);
  return port;
}

/**
 * The port that people type into the browser is never changed behind their back.
 * @param {string} host
 * @param {number} port
 */
export async function requirePort(host, port) {
  const obstacle = await portObstacle(host, port);
  if (obstacle !== null) throw new StartFailure(obstacle);
}

/**
 * @param {number} port of a server of ours that only we use
 * @returns {Promise<string | null>} null when it can be listened on, else why not and what to do
 */
export async function innerPortObstacle(port) {
  const problem = await portProblem(port);
  return problem === null
    ? null
    : `port ${port} on 127.0.0.1 cannot be had (${problem}): stop the program that has it, or stop Slipway and start it again, which chooses another port.`;
}

/**
 * @param {string} host
 * @param {number} port
 * @returns {Promise<string | null>} null when it can be listened on, else why not and what to do
 */
export async function portObstacle(host, port) {
  const problem = await portProblem(port, host);
  if (problem === null) return null;
  const elsewhere = `choose another one, for example \`PORT=${port === 8080 ? 8081 : port + 1} npm start\``;
  return problem === 'EADDRINUSE'
    ? `Port ${port} on ${host} is used by another program: stop that program or ${elsewhere}.`
    : `Cannot listen on ${host}:${port} (${problem}): ${elsewhere}, or set HOST.`;
}

/**
 * @param {string} file
 * @returns {Promise<boolean>} true when nobody holds this socket: it is gone, or its owner is
 */
export function isDeadSocket(file) {
  return new Promise((resolve) => {
    const socket = net.connect({ path: file });
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    // another reason, as a full queue, is one that an owner has
    socket.once('error', (error) => resolve(/ECONNREFUSED|ENOENT/.test(reasonOf(error))));
  });
}

/**
 * @param {number} port
 * @param {string} [host]
 * @returns {Promise<boolean>} whether somebody accepts connections there
 */
export function accepts(port, host = '127.0.0.1') {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host });
    const answer = (/** @type {boolean} */ value) => {
      socket.destroy();
      resolve(value);
    };
    socket.setTimeout(1_000, () => answer(false));
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}
