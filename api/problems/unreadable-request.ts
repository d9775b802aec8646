import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ProblemCode, problems } from '../../contracts/problems.ts';
import { newId } from '../../domain/shared/new-id.ts';
import { problemMediaType } from './problem-body.ts';

interface Refusal {
  code: ProblemCode;
  detail: string;
}

/** What Node's parser says it could not read, in the words of a problem. */
const refusals: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: {
    code: 'headers_too_large',
    detail: 'The headers of a request have at most 16384 bytes together.',
  },
  HPE_INVALID_METHOD: { code: 'malformed_request', detail: 'There is no such method.' },
  ERR_HTTP_REQUEST_TIMEOUT: {
    code: 'request_timeout',
    detail: 'The request did not arrive in time.',
  },
};
const notHttp: Refusal = { code: 'malformed_request', detail: 'This is not an HTTP/1.1 request.' };

/**
 * Answers requests that never came to be one: Node reads no header of them, so that no middleware sees them. The
 * connection ends with the answer, for nobody knows where the next request would begin.
 * @param publicUrl without a slash at the end
 */
export function refuseUnreadable(publicUrl: string) {
  return (error: NodeJS.ErrnoException, socket: Duplex): void => {
    // The client is gone, or part of another answer is on its way: nothing that we say would be understood.
    if (error.code === 'ECONNRESET' || !socket.writable || isAnswering(socket)) {
      socket.destroy();
      return;
    }
    socket.end(answerTo(refusals[error.code ?? ''] ?? notHttp, publicUrl));
  };
}

function answerTo({ code, detail }: Refusal, publicUrl: string): string {
  const { status, title } = problems[code];
  const requestId = newId('request');
  const type = `${publicUrl}/problems/${code.replaceAll('_', '-')}`;
  // Which address was asked for was not read either.
  const body = JSON.stringify({ type, title, status, detail, instance: '/', code, requestId });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    `content-type: ${problemMediaType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    'x-content-type-options: nosniff',
    'cache-control: no-store',
    'connection: close',
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

/** True while an answer of this connection was begun and not ended. */
function isAnswering(socket: Duplex): boolean {
  const { _httpMessage: answer } = socket as { _httpMessage?: { headersSent: boolean } | null };
  return answer?.headersSent === true;
}
