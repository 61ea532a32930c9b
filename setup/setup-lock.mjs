// One set-up at a time: two of them (npm start and npm test in two terminals) would install the same things at once.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Waits for its turn and holds the lock until this process ends. A dead holder's lock is taken over. */
export async function holdSetupLock(stateDir, write) {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const path = join(stateDir, 'setup.pid');
  for (let told = false; !claim(path);) {
    const holder = readHolder(path);
    if (holder !== undefined && !isSetup(holder)) {
      rmSync(path, { force: true });
      continue;
    }
    if (!told) write(`waiting for the set-up that already runs (pid ${holder ?? 'unknown'})`);
    told = true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  process.on('exit', () => rmSync(path, { force: true }));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130));
}

function claim(path) {
  try {
    writeFileSync(path, `${process.pid}\n`, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function readHolder(path) {
  const pid = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
  return pid > 0 ? pid : undefined;
}

/** A pid alone says little: after a restart another process may carry it. */
function isSetup(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code === 'ESRCH') return false;
  }
  const commandLine = `/proc/${pid}/cmdline`;
  return !existsSync('/proc/self') || (existsSync(commandLine) && readFileSync(commandLine, 'utf8').includes('setup'));
}
