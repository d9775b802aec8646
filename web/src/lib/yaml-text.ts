const first = ['apiVersion', 'kind', 'metadata', 'name', 'namespace'];

// what every reader of YAML 1.1 or 1.2 takes for a string, whatever stands around it
const plain = /^[A-Za-z_/][A-Za-z0-9_./@-]*(?::[A-Za-z0-9_./@-]+)*$/;
const reserved = /^(?:true|false|yes|no|on|off|y|n|null|nan|inf)$/i;

function scalar(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value ?? null);
  return plain.test(value) && !reserved.test(value) ? value : JSON.stringify(value);
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNested(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}

/** Keys as people write them: what it is and what it is called first, the rest by name. */
function keysOf(value: Record<string, unknown>): string[] {
  const rank = (key: string): number => (first.includes(key) ? first.indexOf(key) : first.length);
  return Object.keys(value).sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

/** True for text whose lines can stand as they are under `|`. */
function isBlock(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    /^[^\s][^\n]*\n/.test(value) &&
    /^[\t\n\x20-\x7e\u00a0-\ud7ff]*$/.test(value)
  );
}

function blockLines(text: string, indent: string): string[] {
  const body = text.replace(/\n+$/, '');
  const ends = text.length - body.length;
  const head = ends === 0 ? '|-' : ends === 1 ? '|' : '|+';
  const lines = body.split('\n');
  for (let extra = 1; extra < ends; extra += 1) lines.push('');
  return [head, ...lines.map((line) => (line === '' ? '' : `${indent}${line}`))];
}

function valueLines(value: unknown, indent: string): string[] {
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown) => {
      const [head = '', ...rest] = itemLines(item, `${indent}  `);
      return [`${indent}- ${head}`, ...rest];
    });
  }
  if (!isMap(value)) return [`${indent}${scalar(value)}`];
  return keysOf(value).flatMap((key) => {
    const item = value[key];
    const name = `${indent}${scalar(key)}:`;
    if (isBlock(item)) {
      const [head = '', ...rest] = blockLines(item, `${indent}  `);
      return [`${name} ${head}`, ...rest];
    }
    if (!isNested(item)) return [`${name} ${scalar(item)}`];
    return [name, ...valueLines(item, Array.isArray(item) ? indent : `${indent}  `)];
  });
}

/** Lines of an item of a list; the first one comes without its indent, to stand after the dash. */
function itemLines(item: unknown, indent: string): string[] {
  if (isBlock(item)) return blockLines(item, indent);
  if (!isNested(item)) return [scalar(item)];
  const [head = '', ...rest] = valueLines(item, indent);
  return [head.slice(indent.length), ...rest];
}

/** A JSON value as YAML, the same for the same value whatever the order of its keys; ends with a newline. */
export function yamlText(value: unknown): string {
  return `${isNested(value) ? valueLines(value, '').join('\n') : scalar(value)}\n`;
}
