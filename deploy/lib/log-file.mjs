import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { copyFile, readFile, truncate } from 'node:fs/promises';
import { plainLine } from './plain-line.mjs';
import { lastLine } from './run-command.mjs';
import { warn } from './progress.mjs';

const lookEveryMs = 500;
const rotateAtBytes = 64 * 1024 * 1024;
const linesPerWindow = 5;
const windowMs = 10_000;
/** pino's numbers: 50 is error, 60 fatal */
const errorLevel = 50;

/** The log of one service: rotated when it grows, and watched for problems that belong on the terminal. */
export class LogFile {
  #name;
  #position = 0;
  #rest = '';
  #window = { sinceMs: 0, shown: 0, hidden: 0 };
  /** @type {NodeJS.Timeout | undefined} */
  #timer;

  /** @param {string} file @param {string} name prefix on the terminal */
  constructor(file, name) {
    this.file = file;
    this.#name = name;
  }

  /** Rotates a log that has grown; the service appends, so the file may be cut while it runs. */
  async prepare() {
    if (!existsSync(this.file) || statSync(this.file).size < rotateAtBytes) return;
    await copyFile(this.file, `${this.file}.1`);
    await truncate(this.file, 0);
    this.#position = 0;
  }

  /** Shows problems from now on. */
  follow() {
    if (this.#timer) return;
    this.#position = existsSync(this.file) ? statSync(this.file).size : 0;
    this.#timer = setInterval(() => this.#look(), lookEveryMs);
    this.#timer.unref();
  }

  close() {
    clearInterval(this.#timer);
  }

  /** @returns {Promise<string>} the last thing it said, as one line */
  async lastProblem() {
    const text = await readFile(this.file, 'utf8').catch(() => '');
    const tail = text.slice(-20_000);
    const problems = tail
      .split('\n')
      .map(problemIn)
      .filter((found) => found !== null);
    return problems.at(-1) || plainLine(lastLine(tail)) || 'it said nothing';
  }

  #look() {
    if (!existsSync(this.file)) return;
    const { size } = statSync(this.file);
    if (size < this.#position) this.#position = 0;
    if (size === this.#position) return;
    const length = Math.min(size - this.#position, 1024 * 1024);
    const buffer = Buffer.alloc(length);
    const handle = openSync(this.file, 'r');
    const read = readSync(handle, buffer, 0, length, this.#position);
    closeSync(handle);
    this.#position += read;
    const lines = (this.#rest + buffer.toString('utf8', 0, read)).split('\n');
    this.#rest = (lines.pop() ?? '').slice(-64 * 1024);
    for (const line of lines) {
      const problem = problemIn(line);
      if (problem !== null) this.#show(problem);
    }
    if (size > rotateAtBytes) void this.prepare();
  }

  /** @param {string} problem */
  #show(problem) {
    const now = Date.now();
    if (now - this.#window.sinceMs > windowMs) {
      if (this.#window.hidden > 0) {
        warn(`[${this.#name}] and ${this.#window.hidden} more: see ${this.file}`);
      }
      this.#window = { sinceMs: now, shown: 0, hidden: 0 };
    }
    if (this.#window.shown >= linesPerWindow) this.#window.hidden += 1;
    else {
      this.#window.shown += 1;
      warn(`[${this.#name}] ${problem}`);
    }
  }
}

/**
 * @param {string} line
 * @returns {string | null} what is wrong, short; null for a line that reports no problem
 */
export function problemIn(line) {
  if (line.startsWith('{')) {
    try {
      const entry = JSON.parse(line);
      if (!(entry.level >= errorLevel || /^(error|fatal)$/i.test(entry.level))) return null;
      const cause = entry.err?.message ?? '';
      return plainLine([entry.msg, cause].filter(Boolean).join(': ')).slice(0, 200) || null;
    } catch {
      return null;
    }
  }
  if (/the database system is (starting up|shutting down)/.test(line)) return null;
  return /\b(FATAL|PANIC)\b/.test(line) ? plainLine(line).slice(0, 200) : null;
}
