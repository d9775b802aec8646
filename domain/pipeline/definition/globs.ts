import { z } from 'zod';
import {
  branchGlobProblem,
  matchesGlob,
  pathGlobProblem,
  pathMatcher,
} from '../../../contracts/shared/glob.ts';

/** A value written once or as a list, as a list. */
export function asList<T>(value: T | readonly T[] | undefined): T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? [...(value as readonly T[])] : [value as T];
}

const oneOrMany = <T extends z.ZodType>(item: T) => z.union([item, z.array(item).min(1)]);

/** A pattern, refused with the reason where it could match nothing. */
function pattern(problemOf: (text: string) => string | null) {
  return z
    .string()
    .min(1)
    .max(256)
    .superRefine((text, context) => {
      const problem = problemOf(text);
      if (problem !== null)
        context.addIssue({ code: 'custom', message: `"${text}" matches nothing: ${problem}` });
    });
}

const left = (text: string) => text.replace(/^!/, '');

/** One pattern or a list: with `!` before it a pattern takes out what those before it took in, as in GitHub Actions. */
function patterns(problemOf: (text: string) => string | null) {
  const inList = oneOrMany(pattern((text) => problemOf(left(text)))).superRefine((all, context) => {
    if (asList(all).every((text) => text.startsWith('!')))
      context.addIssue({
        code: 'custom',
        message: 'it only leaves out: name what is meant before it, or list it under exclude',
      });
  });
  const toLeaveOut = pattern((text) =>
    text.startsWith('!') ? 'what exclude lists is left out already' : problemOf(text),
  );
  return z.union([
    inList,
    z.strictObject({ include: inList.optional(), exclude: oneOrMany(toLeaveOut).optional() }),
  ]);
}

export type GlobsDefinition =
  | string
  | string[]
  | { include?: string | string[] | undefined; exclude?: string | string[] | undefined };

export const branchGlobs = patterns((text) =>
  /^refs\/(?!heads\/|tags\/)/.test(text)
    ? 'only what lies under refs/heads/ or refs/tags/ has runs'
    : branchGlobProblem(shortRef(text)),
);
export const pathGlobs = patterns(pathGlobProblem);

/** What an artifact is collected by. */
export const artifactGlob = pattern((text) =>
  text.startsWith('/') || text.split('/').includes('..')
    ? 'expected a path inside the workspace'
    : pathGlobProblem(text),
);

/** `refs/heads/main` → `main`. */
export function shortRef(ref: string): string {
  return ref.replace(/^refs\/(heads|tags)\//, '');
}

/** Tells of a branch or a tag, by its short name, whether it is meant. */
export function branchPredicate(globs: GlobsDefinition): (branch: string) => boolean {
  return predicate(globs, (glob) => (branch) => matchesGlob(shortRef(glob), branch));
}

/** Tells of a path of the repository whether it is meant. */
export function pathPredicate(globs: GlobsDefinition): (path: string) => boolean {
  return predicate(globs, (glob) => pathMatcher(glob, 'names'));
}

type Matcher = (text: string) => boolean;

function predicate(globs: GlobsDefinition, matcherOf: (glob: string) => Matcher): Matcher {
  const { include, exclude } =
    typeof globs === 'string' || Array.isArray(globs)
      ? { include: globs, exclude: undefined }
      : globs;
  const included = include === undefined ? null : lastWord(asList(include), matcherOf);
  const excluded = asList(exclude).map(matcherOf);
  return (text) => (included?.(text) ?? true) && !excluded.some((matches) => matches(text));
}

/** The last pattern that matches decides. */
function lastWord(globs: readonly string[], matcherOf: (glob: string) => Matcher): Matcher {
  const all = globs.map((glob) => ({
    isIn: !glob.startsWith('!'),
    matches: matcherOf(left(glob)),
  }));
  return (text) => all.findLast(({ matches }) => matches(text))?.isIn ?? false;
}
