import type { CommitPerson, Trailer } from '../../contracts/git/merge.ts';
import type { GitStore } from '../../contracts/git/store.ts';
import { DomainError } from '../../contracts/problems.ts';

export type MessageGit = Pick<GitStore, 'creditsBetween' | 'readTrailers' | 'addTrailers'>;

const coAuthor = 'Co-authored-by';
const maxCredits = 1000;

/** Whom a trailer names: by the address, or by all of it where there is none. */
function personOf({ value }: Trailer): string {
  return (/<([^<>]+)>\s*$/u.exec(value)?.[1] ?? value).trim().toLowerCase();
}

function idOf(trailer: Trailer): string {
  return `${trailer.key.toLowerCase()} ${personOf(trailer)}`;
}

const isCoAuthor = ({ key }: Trailer): boolean => key.toLowerCase() === coAuthor.toLowerCase();

/**
 * The message of a squashed commit with everybody who had a part in its commits, each once: who signed them off, whom they
 * name as co-authors, and who wrote them but the author of the merge request. It has one block of trailers, the one that
 * the message ends in already or a new one.
 * @throws DomainError `unprocessable` for more than 1000 of them
 */
export async function creditedMessage(
  git: MessageGit,
  repoPath: string,
  range: { from: string; to: string },
  { message, author }: { message: string; author: CommitPerson },
): Promise<string> {
  const text = message.replaceAll('\r\n', '\n').trim();
  const { authors, trailers } = await git.creditsBetween(repoPath, range);
  const seen = new Set((await git.readTrailers(repoPath, text)).map(idOf));
  seen.add(`${coAuthor.toLowerCase()} ${author.email.toLowerCase()}`);
  const wrote = authors.map(({ name, email }) => ({ key: coAuthor, value: `${name} <${email}>` }));
  const missing: Trailer[] = [];
  for (const trailer of [...trailers, ...wrote]) {
    if (seen.has(idOf(trailer))) continue;
    seen.add(idOf(trailer));
    missing.push(trailer);
  }
  if (missing.length > maxCredits) {
    const detail = `Its commits name more than ${String(maxCredits)} people: merge it by another style.`;
    throw new DomainError('unprocessable', detail);
  }
  const signed = missing.filter((one) => !isCoAuthor(one));
  return git.addTrailers(repoPath, text, [...signed, ...missing.filter(isCoAuthor)]);
}
