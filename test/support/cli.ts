/** The command `everbroker` as a user runs it: its own state directory, server and worker; no terminal. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stateLayout } from '../../core/state-layout.js';
import { testTemporalCli } from './temporal-server.js';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const COMMAND = join(PROJECT, 'bin/everbroker.mjs');

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  child: ChildProcess;
  /** What it has written to stderr so far. */
  stderr(): string;
  stdout(): string;
  ended: Promise<Ended>;
}

export class Cli {
  readonly home: string;
  private readonly env: NodeJS.ProcessEnv;

  private constructor(home: string, env: NodeJS.ProcessEnv) {
    this.home = home;
    this.env = env;
  }

  static async open(): Promise<Cli> {
    const home = await mkdtemp(join(tmpdir(), 'everbroker-cli-'));
    return new Cli(home, {
      PATH: process.env['PATH'],
      HOME: home,
      DOCKER_HOST: process.env['DOCKER_HOST'],
      EVERBROKER_HOME: home,
      EVERBROKER_CACHE: stateLayout(process.env, PROJECT).cache,
      EVERBROKER_TEMPORAL: 'embedded',
      EVERBROKER_TEMPORAL_PORT: '0',
      TEMPORAL_CLI: await testTemporalCli(),
    });
  }

  start(...args: string[]): Running {
    const child = spawn(process.execPath, [COMMAND, ...args], { env: this.env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    const ended = new Promise<Ended>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, stdout, stderr }));
    });
    return { child, ended, stderr: () => stderr, stdout: () => stdout };
  }

  run(...args: string[]): Promise<Ended> {
    return this.start(...args).ended;
  }

  /** With --json: the one document on stdout, and the exit code. */
  async json(...args: string[]): Promise<{ code: number | null; data: Record<string, unknown> }> {
    const { code, stdout, stderr } = await this.run(...args, '--json');
    try {
      return { code, data: JSON.parse(stdout) as Record<string, unknown> };
    } catch {
      throw new Error(`everbroker ${args.join(' ')} --json: no JSON on stdout:\n${stdout}\n${stderr}`);
    }
  }

  async close(): Promise<void> {
    await this.run('down');
    await rm(this.home, { recursive: true, force: true });
  }
}
