// By hand: of the kept libraries ansi_up makes HTML strings and knows neither inverse nor `38:2:…`, and anser shows the
// text of titles and links; neither draws a carriage return as a terminal does. The tests beside this file say so.

/** Colour and weight at one place of the output. Colours are CSS class suffixes or `null` for the default. */
export interface AnsiStyle {
  fg: string | null;
  bg: string | null;
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
  strike: boolean;
  inverse: boolean;
}

export interface AnsiSpan {
  text: string;
  style: AnsiStyle;
}

export const plainStyle: AnsiStyle = {
  fg: null,
  bg: null,
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  strike: false,
  inverse: false,
};

const esc = '\u001b';
const bell = '\u0007';
// CSI sequences, OSC sequences (titles, links) up to BEL or ST, and lone two-character escapes
const sequence = new RegExp(
  `${esc}(?:\\[([0-9;:?<=>]*)([ -/]*[@-~])|\\][^${bell}${esc}]*(?:${bell}|${esc}\\\\)?|[@-Z\\\\^_])`,
  'g',
);
// what a terminal would not print: all of C0 but tab and newline, and DEL
const unprintable = new RegExp(`[${'\u0000'}-${'\u0008'}${'\u000b'}-${'\u001f'}${'\u007f'}]`, 'g');

/**
 * Splits one line of terminal output into styled spans, starting from the style that the line before ended with.
 * Only SGR (`m`) changes the style; other sequences are dropped. A carriage return starts the line anew,
 * as a terminal draws progress bars.
 */
export function parseAnsiLine(
  line: string,
  start: AnsiStyle = plainStyle,
): { spans: AnsiSpan[]; end: AnsiStyle } {
  const spans: AnsiSpan[] = [];
  let style = start;
  let from = 0;
  const push = (text: string): void => {
    const returned = text.lastIndexOf('\r');
    if (returned >= 0 && returned < text.length - 1) spans.length = 0;
    const shown = (
      returned >= 0 && returned < text.length - 1 ? text.slice(returned + 1) : text
    ).replace(unprintable, '');
    if (shown !== '') spans.push({ text: shown, style });
  };
  for (const match of line.matchAll(sequence)) {
    if (match.index > from) push(line.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] === 'm') style = applySgr(style, match[1] ?? '');
  }
  if (from < line.length) push(line.slice(from));
  return { spans, end: style };
}

/** The line as plain text, for searching and copying. */
export function stripAnsi(line: string): string {
  if (!line.includes('\u001b') && !line.includes('\r')) return line;
  return parseAnsiLine(line)
    .spans.map((span) => span.text)
    .join('');
}

function applySgr(style: AnsiStyle, parameters: string): AnsiStyle {
  const codes = parameters.split(/[;:]/).map((code) => (code === '' ? 0 : Number(code)));
  let next = { ...style };
  for (let i = 0; i < codes.length; i += 1) {
    const code = codes[i] ?? 0;
    if (code === 38 || code === 48) {
      const [colour, used] = extendedColour(codes.slice(i + 1));
      if (code === 38) next.fg = colour;
      else next.bg = colour;
      i += used;
    } else {
      next = applyCode(next, code);
    }
  }
  return next;
}

const attributes: Readonly<Record<number, Partial<AnsiStyle>>> = {
  0: plainStyle,
  1: { bold: true },
  2: { dim: true },
  3: { italic: true },
  4: { underline: true },
  7: { inverse: true },
  9: { strike: true },
  21: { bold: false },
  22: { bold: false, dim: false },
  23: { italic: false },
  24: { underline: false },
  27: { inverse: false },
  29: { strike: false },
  39: { fg: null },
  49: { bg: null },
};

function applyCode(style: AnsiStyle, code: number): AnsiStyle {
  const change = attributes[code];
  if (change) return { ...style, ...change };
  if (code >= 30 && code <= 37) return { ...style, fg: String(code - 30) };
  if (code >= 90 && code <= 97) return { ...style, fg: String(code - 82) };
  if (code >= 40 && code <= 47) return { ...style, bg: String(code - 40) };
  if (code >= 100 && code <= 107) return { ...style, bg: String(code - 92) };
  return style;
}

/** Answers the colour and how many further codes it took: `5;n` or `2;r;g;b`. */
function extendedColour(rest: number[]): [string | null, number] {
  if (rest[0] === 5) return [paletteColour(rest[1] ?? 0), 2];
  if (rest[0] === 2) return [nearestToken(rest[1] ?? 0, rest[2] ?? 0, rest[3] ?? 0), 4];
  return [null, rest.length];
}

const cubeSteps = [0, 95, 135, 175, 215, 255];

function paletteColour(index: number): string | null {
  if (index < 16) return String(index);
  if (index > 255) return null;
  if (index >= 232) {
    const grey = 8 + (index - 232) * 10;
    return nearestToken(grey, grey, grey);
  }
  const cube = index - 16;
  return nearestToken(
    cubeSteps[Math.floor(cube / 36)] ?? 0,
    cubeSteps[Math.floor(cube / 6) % 6] ?? 0,
    cubeSteps[cube % 6] ?? 0,
  );
}

/**
 * One of the sixteen tokens by hue and lightness. A program picks colours for a background that it does not know;
 * the tokens are readable on ours, in light and in dark, so the hue is kept and the exact shade is not.
 */
function nearestToken(r: number, g: number, b: number): string {
  const high = Math.max(r, g, b);
  const low = Math.min(r, g, b);
  const light = (high + low) / 2;
  if (high - low < 32) {
    if (light < 64) return '0';
    if (light < 140) return '8';
    return light < 210 ? '7' : '15';
  }
  const hue = hueOf(r, g, b);
  const bright = light > 150 ? 8 : 0;
  const bands: [number, number][] = [
    [20, 1],
    [70, 3],
    [160, 2],
    [200, 6],
    [255, 4],
    [335, 5],
    [361, 1],
  ];
  const band = bands.find(([limit]) => hue < limit);
  return String((band?.[1] ?? 1) + bright);
}

function hueOf(r: number, g: number, b: number): number {
  const high = Math.max(r, g, b);
  const spread = high - Math.min(r, g, b);
  let sector: number;
  if (high === r) sector = ((g - b) / spread + 6) % 6;
  else if (high === g) sector = (b - r) / spread + 2;
  else sector = (r - g) / spread + 4;
  return sector * 60;
}

/** CSS classes of a style; colours are tokens `--ansi-0` … `--ansi-15`. */
export function ansiClass(style: AnsiStyle): string {
  const [fg, bg] = style.inverse
    ? [style.bg ?? 'surface', style.fg ?? 'text']
    : [style.fg, style.bg];
  const names: string[] = [];
  if (bg !== null) names.push(`ansi-bg-${bg}`);
  // text on a coloured ground takes the ground's own opposite, which is the surface
  if (bg !== null) names.push('ansi-on-bg');
  else if (fg !== null) names.push(`ansi-fg-${fg}`);
  for (const key of ['bold', 'dim', 'italic', 'underline', 'strike'] as const) {
    if (style[key]) names.push(`ansi-${key}`);
  }
  return names.join(' ');
}
