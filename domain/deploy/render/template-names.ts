/** What a template sees as its dot. */
export const templateNames = [
  'ImageRef',
  'Values',
  'Environment',
  'Project',
  'Change',
  'Commit',
] as const;
export type TemplateName = (typeof templateNames)[number];

/** What Helm gives its templates, and we do not: a template that was written for a chart. */
const ofHelm: ReadonlySet<string> = new Set(['Release', 'Chart', 'Capabilities', 'Files']);
/** As far as an action is parsed: matching takes up to the square of it. */
const maxAction = 2000;
/** The first name of a path from the dot or `$`; not of `$labels.x` or `(…).x`. */
const firstName = /(?:^|[^\w.)$])\$?\.([A-Za-z_]\w*)/g;
const quoted = /"(?:\\.|[^"\\])*"|`[^`]*`/g;
/** `{{ "{{" }}` and the like: how another program's text is written in a template. */
const onlyQuoted = /^-?\s*(?:"(?:\\.|[^"\\])*"|`[^`]*`)\s*-?$/;

/**
 * Whether an action (without its `{{` and `}}`) names something that templates are given, or has slipped in doing so: what
 * would only be a slip must not be rolled out as it is.
 */
export function namesOurs(action: string): boolean {
  const bare = action.slice(0, maxAction).replaceAll(quoted, '""');
  return [...bare.matchAll(firstName)].some(([, name = '']) => isLikeOurs(name));
}

function isLikeOurs(name: string): boolean {
  if (ofHelm.has(name)) return true;
  if (name === 'Value') return false; // of every second rule of Prometheus
  const isInOtherCase = ['imageref', 'values'].includes(name.toLowerCase());
  return isInOtherCase || templateNames.some((ours) => isOneEditAway(name, ours));
}

/** Whether two words are the same but for one letter: another one, one too many or too few, or two that changed places. */
function isOneEditAway(a: string, b: string): boolean {
  let at = 0;
  while (at < a.length && a.charAt(at) === b.charAt(at)) at += 1;
  const [restA, restB] = [a.slice(at), b.slice(at)];
  const swapped = restA.charAt(1) + restA.charAt(0) + restA.slice(2);
  return (
    restA.slice(1) === restB.slice(1) ||
    restA.slice(1) === restB ||
    restA === restB.slice(1) ||
    (restA.length > 1 && swapped === restB)
  );
}

/**
 * Whether a text is a template for certain: an action of it names something that templates are given, or is nothing but a
 * quoted text. Also where it could not be parsed.
 */
export function asksForOurs(source: string): boolean {
  for (let open = source.indexOf('{{'); open !== -1; open = source.indexOf('{{', open + 2)) {
    const action = actionAt(source, open + 2);
    if (onlyQuoted.test(action) || namesOurs(action)) return true;
  }
  return false;
}

/** Up to the `}}` outside of quotes; of what is never closed the rest of its line. */
function actionAt(source: string, start: number): string {
  let quote = '';
  for (let at = start; at < source.length; at += 1) {
    const char = source.charAt(at);
    if (quote !== '') {
      if (char === '\\' && quote === '"') at += 1;
      else if (char === quote) quote = '';
    } else if (char === '"' || char === '`') {
      quote = char;
    } else if (char === '}' && source.charAt(at + 1) === '}') {
      return source.slice(start, at);
    } else if (char === '{' && source.charAt(at + 1) === '{') {
      break;
    }
  }
  const end = source.indexOf('\n', start);
  return source.slice(start, end === -1 ? undefined : end);
}
