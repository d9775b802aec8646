import { closeSync, readFileSync, readdirSync } from 'node:fs';

/** O_CLOEXEC of Linux, as /proc tells it. */
const closesOnExec = 0o2000000;

/**
 * The first thing each of our processes does: what it makes is for its own user alone, and what whoever started it left
 * open reaches none of its children. Modes that others need are set by name (`makeFolder`).
 */
export function hardenProcess() {
  process.umask(0o077);
  closeInherited();
}

/**
 * Closes what was inherited beyond the standard streams. A process started from a shell, a supervisor or a build has
 * whatever those had open, a database or a lock say, and Node hands all of it on to every child. All that Node and its
 * libraries open themselves closes on exec, so what does not was not opened here. Elsewhere than on Linux nothing is
 * closed: no steps run there.
 */
function closeInherited() {
  for (const name of openDescriptors()) {
    const fd = Number(name);
    if (fd <= 2 || fd === process.channel?.fd || ofOurOwn(fd)) continue;
    try {
      closeSync(fd);
    } catch {
      // The folder that was read is among them, and gone again.
    }
  }
}

function openDescriptors() {
  try {
    return readdirSync('/proc/self/fd');
  } catch {
    return [];
  }
}

/** @param {number} fd */
function ofOurOwn(fd) {
  try {
    const text = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
    const flags = Number.parseInt(/^flags:\s*([0-7]+)/m.exec(text)?.[1] ?? '', 8);
    return (flags & closesOnExec) !== 0;
  } catch {
    return true;
  }
}
