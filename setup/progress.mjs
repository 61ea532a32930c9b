// Runs the parts of the set-up side by side and shows that they are alive. Plain Node: it runs before npm packages exist.
import { spawn } from 'node:child_process';

/** How often a line says what still runs: often enough that nobody takes the set-up for stuck. */
const STILL_EVERY_MS = 10_000;

/** What could not be done and what the user is to do about it; no stack trace is shown for it. */
export class SetupError extends Error {
  constructor(message, whatToDo) {
    super(message);
    this.whatToDo = whatToDo;
  }
}

/** @param {{ write?: (line: string) => void, stillEveryMs?: number }} [options] */
export function createProgress({ write = (line) => console.log(line), stillEveryMs = STILL_EVERY_MS } = {}) {
  const running = new Map();
  const failures = [];
  const since = (start) => (Date.now() - start) / 1000;
  const timer = setInterval(() => {
    const names = [...running].map(([name, start]) => `${name} (${since(start).toFixed(0)} s)`);
    if (names.length > 0) write(`  still: ${names.join(', ')}`);
  }, stillEveryMs);
  timer.unref();

  return {
    failures,
    say: (name, line) => write(`  ${name}: ${line}`),
    /** Runs one part; a failure is kept for the summary and thrown, so that what depends on it does not start. */
    async task(name, work) {
      const start = Date.now();
      running.set(name, start);
      write(`> ${name}`);
      try {
        const result = await work((line) => write(`  ${name}: ${line}`));
        write(`✓ ${name} (${since(start).toFixed(1)} s)`);
        return result;
      } catch (error) {
        write(`✗ ${name} (${since(start).toFixed(1)} s)`);
        failures.push({ name, error });
        throw error;
      } finally {
        running.delete(name);
      }
    },
    close: () => clearInterval(timer),
  };
}

/** Waits for all, so that one failure does not cut the others off and every failure is told; then throws the first. */
export async function all(promises) {
  const results = await Promise.allSettled(promises);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
  return results.map((result) => result.value);
}

/** The closing words of a set-up that failed. */
export function failureText(failures) {
  const parts = failures.map(({ name, error }) => {
    const todo = error.whatToDo ? `\n  what to do: ${error.whatToDo.replaceAll('\n', '\n    ')}` : '';
    return `${name}: ${error.message}${todo}`;
  });
  return `The set-up could not be finished; run the same command again when this is solved:\n\n${parts.join('\n\n')}\n`;
}

/**
 * Runs a program to its end; its output goes nowhere unless it fails.
 * @returns {Promise<string>} the end of its output
 */
export function run(argv, { whatToDo, onLine, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(argv[0], argv.slice(1), { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let output = '';
    let rest = '';
    const take = (chunk) => {
      output = (output + chunk).slice(-8000);
      if (!onLine) return;
      const lines = (rest + chunk).split('\n');
      rest = lines.pop();
      lines.forEach((line) => onLine(line));
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.on('error', (error) => reject(new SetupError(`${argv[0]}: ${error.message}`, whatToDo)));
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(output);
      const end = output.trimEnd().split('\n').slice(-12).join('\n  ');
      reject(new SetupError(`${argv.slice(0, 3).join(' ')} ended with ${signal ?? code}\n  ${end}`, whatToDo));
    });
  });
}
