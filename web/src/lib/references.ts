/** A part of a text: plain, or what it refers to. */
export interface TextPart {
  text: string;
  /** `issue` and `merge-request` have a number, `commit` a sha */
  refersTo: { kind: 'issue' | 'merge-request' | 'commit'; value: string } | null;
}

// `#12`, `!3`, a sha of 7 to 40 digits: each as a word of its own
const reference = /(?<![\w/#!&.-])(?:#(\d{1,9})|!(\d{1,9})|([0-9a-f]{7,40}))(?![\w/-])/g;

/** Only digits are a number, only letters a word: a sha has both. */
function looksLikeSha(text: string): boolean {
  return /\d/.test(text) && /[a-f]/.test(text);
}

/** Cuts a text into what refers to issues, merge requests and commits, and the rest. */
export function splitReferences(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let at = 0;
  for (const match of text.matchAll(reference)) {
    const [whole, issue, mergeRequest, sha] = match;
    if (sha !== undefined && !looksLikeSha(sha)) continue;
    if (match.index > at) parts.push({ text: text.slice(at, match.index), refersTo: null });
    const refersTo: TextPart['refersTo'] =
      issue !== undefined
        ? { kind: 'issue', value: issue }
        : mergeRequest !== undefined
          ? { kind: 'merge-request', value: mergeRequest }
          : { kind: 'commit', value: whole };
    parts.push({ text: whole, refersTo });
    at = match.index + whole.length;
  }
  if (at < text.length) parts.push({ text: text.slice(at), refersTo: null });
  return parts;
}
