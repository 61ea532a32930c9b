/** This machine as a host, for tests that need real processes and no container. */
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { EverbrokerError } from '../../core/failure.js';
import type { Host } from '../../hosts/host.js';
import { watchInput } from '../../hosts/input.js';

export function localHost(name = 'here'): Host {
  return {
    name,
    close: () => Promise.resolve(),
    exec(argv, { timeoutMs, signal, stdin }) {
      const startedAt = Date.now();
      const [command = '', ...args] = argv;
      return new Promise((resolve, reject) => {
        signal?.throwIfAborted();
        const child = spawn(command, args, { detached: true, stdio: 'pipe' });
        const output = { stdout: '', stderr: '' };
        let timedOut = false;
        const killGroup = () => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL');
        const timer = setTimeout(() => {
          timedOut = true;
          killGroup();
        }, timeoutMs);
        signal?.addEventListener('abort', killGroup, { once: true });
        child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
        child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
        // a command that does not read its input ends all the same
        child.stdin.on('error', () => undefined);
        const input = watchInput(stdin ?? '');
        input.feed(child.stdin, true);
        void input.failed.then(({ cause }) => reject(cause as Error));
        child.once('error', reject);
        child.once('close', (code) => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', killGroup);
          if (signal?.aborted) return reject(signal.reason as Error);
          const durationMs = Date.now() - startedAt;
          resolve({ host: name, argv, exitCode: code ?? 137, ...output, durationMs, timedOut, truncated: false });
        });
      });
    },
    open(port, { timeoutMs }) {
      return new Promise((resolve, reject) => {
        const socket = connect({ host: '127.0.0.1', port });
        const timer = setTimeout(
          () => socket.destroy(Object.assign(new Error('late'), { code: 'ETIMEDOUT' })),
          timeoutMs,
        );
        socket.once('connect', () => {
          clearTimeout(timer);
          resolve(socket);
        });
        socket.once('error', (error: NodeJS.ErrnoException) => {
          clearTimeout(timer);
          const details = { host: name, port, code: error.code };
          reject(new EverbrokerError('HostUnreachable', `${name}: port ${port}: ${error.message}`, details));
        });
      });
    },
  };
}
