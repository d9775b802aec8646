import type { HostRules } from '../../contracts/outbound/types.ts';
import { DomainError } from '../../contracts/problems.ts';

/** What decides where an address leads. */
export interface AddressRules {
  /** where people reach this platform: an address there is a repository of ours */
  publicUrl: string;
  hosts: HostRules;
}

const hosted = /^\/([^/\s]+)\/([^/\s]+?)\.git$/;

/** Owner and name of the project that a hosted ops repository is; null for a foreign one. */
export function hostedProject(repoUrl: string): { owner: string; name: string } | null {
  const found = hosted.exec(repoUrl);
  return found === null ? null : { owner: found[1] ?? '', name: found[2] ?? '' };
}

/** Whether a stored address leads elsewhere. */
export function isForeign(repoUrl: string): boolean {
  return hostedProject(repoUrl) === null;
}

/**
 * The address of an ops repository as it is stored: `/<owner>/<project>.git` for one of this platform, however it was
 * written; else the http(s) address of a foreign one.
 * @throws DomainError `validation_failed` at `/repoUrl`; an address is never repeated in it, for it may hold a password
 */
export function readOpsRepoAddress(text: string, { publicUrl, hosts }: AddressRules): string {
  if (hostedProject(text) !== null) return text;
  const url = readUrl(text);
  if (url.origin === new URL(publicUrl).origin) {
    if (hostedProject(url.pathname) !== null) return url.pathname;
    throw refused('expected /<owner>/<project>.git: the address is one of this platform');
  }
  const host = url.hostname;
  if (host.endsWith('.')) throw refused('expected a host without a dot at its end');
  if (url.pathname === '/') throw refused('expected the path of a repository after the host');
  if (url.protocol === 'http:' && !hosts.isNamed(host)) {
    throw refused(
      'expected https://: over http:// anybody on the way can change what is deployed. The operator can name the host in outbound.allowHosts',
    );
  }
  if (!hosts.mayBeReached(host)) {
    throw refused(
      'expected a public address: the operator can name the host in outbound.allowHosts',
    );
  }
  return url.href;
}

function readUrl(text: string): URL {
  // The parser would take blanks and line breaks out of it in silence.
  const url = /^[\x21-\x7e]+$/.test(text) && URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw refused(
      'expected /<owner>/<project>.git of this platform, or https://<host>/<path> of a repository elsewhere; ssh, git and file addresses are not followed',
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw refused(
      'expected no name or password in the address, where everybody could read it: store it as a global secret and give its name as credentialSecret',
    );
  }
  if (url.search !== '' || url.hash !== '') throw refused('expected neither ? nor # in it');
  return url;
}

function refused(detail: string): DomainError {
  return new DomainError('validation_failed', `This repository cannot be followed: ${detail}.`, {
    errors: [{ pointer: '/repoUrl', detail }],
  });
}
