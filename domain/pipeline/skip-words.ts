const inBrackets = /\[(?:skip ci|ci skip|no ci|skip actions|actions skip)\]/i;
const trailer = /^skip-checks:\s*true\s*$/im;

/** What in a commit's message asks for no run, as it is written there; null when nothing does. GitHub's words and GitLab's. */
export function skipWordOf(message: string): string | null {
  const word = inBrackets.exec(message)?.[0];
  if (word !== undefined) return word;
  const paragraphs = message.trimEnd().split(/\n\s*\n/);
  // A trailer stands in the last paragraph, and that is not the title.
  const last = paragraphs.length > 1 ? (paragraphs.at(-1) ?? '') : '';
  return trailer.exec(last)?.[0].trim() ?? null;
}

/** The same as a sentence for the run that is not made. */
export function skippedByMessage(message: string): string | null {
  const word = skipWordOf(message);
  return word === null ? null : `skipped by "${word}" in the message of the commit`;
}
