/** Runs the Ansible playbook of the recipe. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './command.js';
import { inventoryOf, ranTask, recapOf, type InventoryOptions } from './inventory.js';

const PLAYBOOKS = fileURLToPath(new URL('ansible/', import.meta.url));

/** The last task of prove.yml; it fails unless all messages have come. */
const PROOF = 'Send and receive';

export class AnsibleOnTest {
  private readonly home: string;
  private readonly programs: string;

  private constructor(home: string, programs: string) {
    this.home = home;
    this.programs = programs;
  }

  static async open(options: InventoryOptions & { home: string; programs: string }): Promise<AnsibleOnTest> {
    await mkdir(options.home, { recursive: true });
    await writeFile(join(options.home, 'inventory.json'), JSON.stringify(inventoryOf(options)));
    return new AnsibleOnTest(options.home, options.programs);
  }

  /** From nothing to a proven cluster. Returns seconds of the whole command. */
  async deploy(signal: AbortSignal): Promise<number> {
    const { stdout, seconds, changed } = await this.play(signal);
    if (changed === 0) throw new Error('the playbook changed nothing where all was to be made');
    if (!ranTask(stdout, PROOF)) throw new Error(`the playbook proved nothing:\n${stdout}`);
    return seconds;
  }

  /** The same playbook again. */
  async deployAgain(signal: AbortSignal): Promise<number> {
    const { seconds, changed } = await this.play(signal);
    if (changed > 0) throw new Error(`the playbook changed ${changed} things where nothing was to change`);
    return seconds;
  }

  private async play(signal: AbortSignal): Promise<{ stdout: string; seconds: number; changed: number }> {
    const { stdout, seconds } = await run({
      argv: [
        join(this.programs, 'ansible-playbook'),
        '--inventory',
        join(this.home, 'inventory.json'),
        join(PLAYBOOKS, 'deploy.yml'),
      ],
      env: {
        ANSIBLE_CONFIG: join(PLAYBOOKS, 'ansible.cfg'),
        ANSIBLE_HOME: this.home,
        LC_ALL: 'C.UTF-8',
      },
      stopWith: 'SIGINT',
      signal,
    });
    const { changed, failed } = recapOf(stdout);
    if (failed > 0) throw new Error(`the playbook did not come to its end:\n${stdout}`);
    return { stdout, seconds, changed };
  }
}
