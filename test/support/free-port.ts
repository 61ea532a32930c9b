/** Ports for tests, each given once, also to tests of other processes: a slave binds its port long after it was chosen. */
import { randomInt } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Below those that Linux takes for outgoing connections, of which a broker would find one in use now and then. */
const PORTS = { from: 15_000, to: 32_767 };
/** A file a port, with the process that has it. */
const GIVEN = join(tmpdir(), 'everbroker-test-ports');

const mine: string[] = [];
process.on('exit', () => mine.forEach((file) => rmSync(file, { force: true })));

export async function freePort(): Promise<number> {
  mkdirSync(GIVEN, { recursive: true });
  for (;;) {
    const port = randomInt(PORTS.from, PORTS.to);
    if (take(join(GIVEN, String(port))) && (await isFree(port))) return port;
  }
}

function take(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    mine.push(file);
    return true;
  } catch {
    forget(file);
    return false;
  }
}

/** What a process left that was killed: for the next who draws this port. */
function forget(file: string): void {
  try {
    if (!lives(Number(readFileSync(file, 'utf8')))) rmSync(file, { force: true });
  } catch {
    // its owner has just removed it
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
