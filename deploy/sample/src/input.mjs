import { nanoid } from 'nanoid';

const aliasShape = /^[a-z0-9][a-z0-9-]{1,31}$/;
const longestUrl = 2000;
/** Paths that the service answers itself, so no link may take them. */
const reserved = new Set(['links', 'healthz']);

/** A request that cannot be served, with the status and sentence for the client. */
export class InputError extends Error {
  /**
   * @param {number} status HTTP status
   * @param {string} message told to the client
   */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * Checks the body of `POST /links`.
 *
 * @param {unknown} body parsed JSON
 * @returns {{ slug: string, url: string }} a chosen or drawn slug and the normalised URL
 */
export function readLink(body) {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new InputError(400, 'Send a JSON object: {"url": "https://…"}');
  }
  return { slug: readAlias(body.alias), url: readUrl(body.url) };
}

function readUrl(value) {
  if (typeof value !== 'string' || value.length > longestUrl) {
    throw new InputError(422, `"url" must be a string of at most ${longestUrl} characters`);
  }
  const url = URL.canParse(value) ? new URL(value) : null;
  // A redirect to javascript: or data: would run in the browser of whoever follows the link.
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw new InputError(422, '"url" must be an http or https address');
  }
  return url.href;
}

function readAlias(value) {
  if (value === undefined) return nanoid(8);
  if (typeof value !== 'string' || !aliasShape.test(value)) {
    throw new InputError(422, '"alias" must be 2 to 32 of a-z, 0-9 and -, not starting with -');
  }
  if (reserved.has(value)) throw new InputError(422, `"${value}" is used by the service itself`);
  return value;
}
