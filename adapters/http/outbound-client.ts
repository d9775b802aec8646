import { lookup as resolve, type LookupAddress } from 'node:dns';
import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import {
  type OutboundAnswer,
  type OutboundClient,
  OutboundError,
} from '../../contracts/outbound/types.ts';
import { AllowedHosts, isPublicAddress, plainAddress } from './public-address.ts';

export interface OutboundOptions {
  /** names, addresses or CIDR ranges that may be reached although they are not public */
  allowHosts: readonly string[];
  /** longest time from the name's lookup to the end of the answer */
  timeoutMs: number;
}

const maxAnswerBytes = 16_384;

const refused = (what: string) =>
  new OutboundError(`${what} is not a public address, and the operator has not allowed it`, true);

/**
 * The client for addresses that users give. Names are resolved once, every address they have must be public or allowed,
 * and the one that is connected to is looked at again; redirects are answers; time and size are limited.
 */
export function createOutboundClient(options: OutboundOptions): OutboundClient {
  const allowed = new AllowedHosts(options.allowHosts);
  return {
    async post(address, { headers, body }) {
      const url = readUrl(address);
      const host = plainAddress(url.hostname);
      const free = allowed.hasName(host);
      const mayReach = (ip: string) => free || isPublicAddress(ip) || allowed.hasAddress(ip);
      // An address needs no lookup, so the lookup below would never see it.
      if (isIP(host) !== 0 && !mayReach(host)) throw refused(host);
      const { request } = url.protocol === 'https:' ? https : http;
      return await send(
        request(url, {
          method: 'POST',
          headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
          // No connection is kept: it would outlive the check of its address.
          agent: false,
          lookup: checkedLookup(mayReach),
          signal: AbortSignal.timeout(options.timeoutMs),
        }),
        { body, mayReach },
      );
    },
  };
}

function readUrl(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    throw new OutboundError('The address is not one of http or https', true);
  if (url.username !== '' || url.password !== '')
    throw new OutboundError('The address holds a name or password', true);
  return url;
}

/** Refuses a name when any of its addresses is refused: which one is connected to is nobody's choice. */
function checkedLookup(mayReach: (ip: string) => boolean): LookupFunction {
  return (hostname, { family, all }, callback) => {
    const wanted = family === 4 || family === 6 ? family : 0;
    resolve(hostname, { family: wanted, all: true }, (error, found: LookupAddress[]) => {
      if (error !== null) return callback(error, '', 0);
      const bad = found.find(({ address }) => !mayReach(address));
      const [first] = found;
      if (bad !== undefined || first === undefined) return callback(refused(hostname), '', 0);
      if (all === true) callback(null, found);
      else callback(null, first.address, first.family);
    });
  };
}

async function send(
  request: ClientRequest,
  { body, mayReach }: { body: string; mayReach: (ip: string) => boolean },
): Promise<OutboundAnswer> {
  return await new Promise<OutboundAnswer>((resolvePromise, reject) => {
    const fail = (error: Error) => {
      reject(error instanceof OutboundError ? error : describe(error));
    };
    request.on('error', fail);
    // One that switches protocols unasked is closed without a word: no answer, no error, and nothing left to end in time.
    request.once('close', () => {
      reject(new OutboundError('The connection was closed without an answer', false));
    });
    request.on('socket', (socket: Socket) => {
      socket.once('connect', () => {
        const { remoteAddress } = socket;
        if (remoteAddress === undefined || !mayReach(remoteAddress))
          request.destroy(refused(remoteAddress ?? 'It'));
      });
    });
    request.on('response', (response) => {
      read(
        response,
        (text) => {
          resolvePromise({ status: response.statusCode ?? 0, body: text });
          request.destroy();
        },
        fail,
      );
    });
    request.end(body);
  });
}

function read(
  response: IncomingMessage,
  done: (text: string) => void,
  fail: (error: Error) => void,
): void {
  const chunks: Buffer[] = [];
  let size = 0;
  const end = () => {
    done(Buffer.concat(chunks).subarray(0, maxAnswerBytes).toString('utf8'));
  };
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= maxAnswerBytes) end();
  });
  response.on('end', end);
  response.on('error', fail);
}

/** A sentence for whoever set the address; codes of the system only, so that nothing of our network is told. */
function describe(error: Error): OutboundError {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  if (code === 'ABORT_ERR' || code === 'TimeoutError')
    return new OutboundError('No answer in time', false);
  return new OutboundError(`No connection: ${code}`, false);
}
