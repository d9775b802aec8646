import type { MergeRule } from '../../contracts/review/types.ts';
import { grantedPermissions } from '../identity/granted-permissions.ts';
import type { Db } from '../shared/db.ts';
import type { OwnerRule } from './code-owners.ts';
import type { CodeOwners } from './read-code-owners.ts';
import type { Words } from './review-rules.ts';

const maxShown = 50;

/**
 * Owners whom the file names and who are nobody here: no account has the name, or nobody who may write here the address
 * (whether an address is one of somebody else is nobody's business).
 */
async function unknownOwners(
  db: Db,
  projectId: string,
  named: ReadonlyMap<string, number>,
): Promise<string[]> {
  const owners = [...named.keys()];
  if (owners.length === 0) return [];
  const users = await db.$queryRaw<{ id: string; name: string; email: string }[]>`
    SELECT id, lower(name) AS name, lower(email) AS email FROM users
     WHERE lower(name) = ANY(${owners}) OR lower(email) = ANY(${owners})`;
  const known = new Set(users.map(({ name }) => name));
  for (const { id, email } of users) {
    if (!named.has(email)) continue;
    const { permissions } = await grantedPermissions(db, id, projectId);
    if (permissions.has('project:write')) known.add(email);
  }
  return owners.filter((owner) => !known.has(owner));
}

const nameOf = (owner: string): string => (owner.includes('@') ? owner : `@${owner}`);

function openRules(words: Words, rules: readonly OwnerRule[]): string[] {
  const approved = new Set(
    words.approvals.flatMap((word) => [word.name.toLowerCase(), word.email.toLowerCase()]),
  );
  return rules
    .filter((one) => !one.owners.some((owner) => approved.has(owner)))
    .map((one) => `${one.pattern}: ${one.owners.map(nameOf).join(' or ')}`);
}

/** What one has to know besides: which file counts, where there are more. */
function filesOf({ path, others }: CodeOwners): string {
  if (path === null) return '';
  return others.length === 0 ? ` (${path})` : ` (${path}, which comes before ${others.join(', ')})`;
}

function detailOf(owners: CodeOwners, faults: number, missing: number): string {
  const files = filesOf(owners);
  if (owners.path === null)
    return 'The target branch has no file CODEOWNERS: nobody has to approve.';
  if (faults > 0) {
    return `The file of code owners of the target branch${files} cannot be read in full: mend it there first, or lift the rule while that is merged.`;
  }
  return missing === 0
    ? `Every changed file that has owners was approved by one of them${files}.`
    : `Owners of changed files have to approve${files}.`;
}

/**
 * The rule that owners of changed files have approved. A file that cannot be read in full keeps everything out: what it was
 * meant to hold is not known.
 * @param owners null for a change that brings nothing, which other rules keep out
 */
export async function codeOwnersRule(
  db: Db,
  projectId: string,
  words: Words,
  owners: CodeOwners | null,
): Promise<MergeRule> {
  const rule = 'code_owners';
  if (owners === null) return { rule, state: 'passed', detail: 'It changes nothing.', missing: [] };
  const unknown = await unknownOwners(db, projectId, owners.named);
  const faults = [
    ...owners.faults,
    ...unknown.map(
      (owner) => `line ${String(owners.named.get(owner))}: ${nameOf(owner)} is nobody here`,
    ),
  ];
  const missing = openRules(words, owners.rules);
  return {
    rule,
    state: faults.length + missing.length === 0 ? 'passed' : 'missing',
    detail: detailOf(owners, faults.length, missing.length),
    missing: [...faults, ...missing].slice(0, maxShown),
  };
}
