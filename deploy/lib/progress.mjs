const quietAfterMs = 1_000;
const beatMs = 15_000;
/** A step that knows how far it is says so more often. */
const barBeatMs = 5_000;
const colour = process.stdout.isTTY && !process.env['NO_COLOR'];

/** @param {string} code @param {string} text */
function paint(code, text) {
  return colour ? `\u001B[${code}m${text}\u001B[0m` : text;
}

/** @param {number} sinceMs @returns {string} seconds with one decimal */
export function secondsSince(sinceMs) {
  return `${((Date.now() - sinceMs) / 1000).toFixed(1)} s`;
}

/** @param {string} text one line that tells something the reader should know */
export function note(text) {
  process.stdout.write(`  ${paint('2', '·')} ${text}\n`);
}

/** @param {string} text one line about something that went wrong but is being dealt with */
export function warn(text) {
  process.stdout.write(`  ${paint('33', '!')} ${text}\n`);
}

/** @param {string} text the sentence the launcher ends with */
export function fail(text) {
  process.stderr.write(`\n  ${paint('31', '✗')} ${text}\n\n`);
}

/** @param {string} text */
export function bold(text) {
  return paint('1', text);
}

/**
 * Runs one step and prints it with its seconds. A step that takes long says so at once and then every 15 s, so that
 * nobody has to guess whether it hangs; one that tells how far it is gets a bar. A step that answers `null` had nothing to do and prints nothing.
 * @template T
 * @param {string} label
 * @param {(tell: (done: number, total: number, what: string) => void) => Promise<T> | T} work is given how to tell how far
 *   it is; answers with the detail to print behind the label when it is a string
 * @returns {Promise<T>}
 */
export async function step(label, work) {
  const startedMs = Date.now();
  const announce = setTimeout(() => process.stdout.write(`  … ${label}\n`), quietAfterMs);
  let far = '';
  let toldMs = startedMs;
  const beat = setInterval(() => {
    if (Date.now() - toldMs < (far === '' ? beatMs : barBeatMs)) return;
    toldMs = Date.now();
    const state = far === '' ? 'still at it' : far;
    process.stdout.write(`  … ${label}: ${state} after ${secondsSince(startedMs)}\n`);
  }, 1_000);
  try {
    const result = await work((done, total, what) => (far = bar(done, total, what)));
    if (result !== null) {
      const detail = typeof result === 'string' && result !== '' ? ` ${paint('2', result)}` : '';
      const spent = paint('2', `(${secondsSince(startedMs)})`);
      process.stdout.write(`  ${paint('32', '✓')} ${label}${detail} ${spent}\n`);
    }
    return result;
  } finally {
    clearTimeout(announce);
    clearInterval(beat);
  }
}

const barWidth = 20;

/**
 * @param {number} done
 * @param {number} total more than this may turn out to be done: the bar is full then, not longer
 * @param {string} what is counted
 * @returns {string} a bar of text with the share and the numbers
 */
export function bar(done, total, what) {
  const share = total <= 0 ? 0 : Math.min(1, done / total);
  const filled = Math.floor(share * barWidth);
  const drawn = `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}`;
  return `${drawn} ${Math.floor(share * 100)} % (${done} of ${total} ${what})`;
}
