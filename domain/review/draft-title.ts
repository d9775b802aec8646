import { DomainError } from '../../contracts/problems.ts';

/** What marks a draft in front of a title: `Draft:`, `[Draft]`, `(Draft)`, and the same with WIP, whatever the case. */
const mark = /^\s*(?:\[\s*(?:draft|wip)\s*\]|\(\s*(?:draft|wip)\s*\)|(?:draft|wip)\s*:)\s*/iu;

/** True when the title says that the merge request is not meant to be merged yet. */
export function isDraft(title: string): boolean {
  return mark.test(title);
}

/** @throws DomainError `unprocessable` when nothing is left of the title */
function withoutMarks(title: string): string {
  let rest = title;
  while (isDraft(rest)) rest = rest.replace(mark, '');
  if (rest !== '') return rest;
  const detail = `"${title}" is nothing but the mark of a draft: give it a title.`;
  throw new DomainError('unprocessable', detail, { errors: [{ pointer: '#/title', detail }] });
}

/**
 * The title as a draft, or as one that is ready: the mark is a part of the title, as elsewhere.
 * @param draft undefined leaves the title alone
 * @throws DomainError `unprocessable` when nothing but the mark is there
 */
export function titleAs(title: string, draft: boolean | undefined): string {
  if (draft === undefined || draft === isDraft(title)) return title;
  return draft ? `Draft: ${title}` : withoutMarks(title);
}
