import type { Caller } from '../../contracts/identity/principal.ts';
import { can } from '../identity/check-access.ts';
import type { Db } from '../shared/db.ts';
import { findIssue, readIssue, type IssueRecord } from './issue-record.ts';

/** An issue, and what the caller may do with it: a hint for pages, every use-case checks for itself. */
export async function getIssue(
  db: Db,
  caller: Caller,
  projectId: string,
  number: number,
): Promise<IssueRecord & { permissions: { write: boolean } }> {
  const issue = await findIssue(db, projectId, number);
  const write = await can(db, caller.principal, 'issue:write', projectId);
  return { ...(await readIssue(db, issue.id)), permissions: { write } };
}
