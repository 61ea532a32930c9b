import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { assetPath } from '../../artefacts/assets.js';
import { problemsText } from '../render.js';
import { openTerminal } from '../terminal.js';
import { isFile, readTopologyFile, type ParsedFile } from '../topology-argument.js';
import { EverbrokerError } from '../../core/failure.js';

export function addValidate(program: Command): void {
  program
    .command('validate')
    .description('check a topology: every problem with its path, and warnings; needs no server and touches nothing')
    .argument('[topology]', 'a YAML or JSON file, or the name of a topology that comes with Everbroker', 'ha-6')
    .option('--json', 'one JSON document on stdout')
    .action(async (argument: string, options: { json?: boolean }) => {
      const terminal = openTerminal(options.json ?? false);
      const { topology, warnings } = isFile(argument) ? await readTopologyFile(argument) : await shipped(argument);
      const text = [problemsText(warnings), `${topology.name} is valid`].filter((line) => line !== '').join('\n');
      terminal.result(text, { valid: true, warnings, topology });
    });
}

async function shipped(name: string): Promise<ParsedFile> {
  const path = join(assetPath('topologies'), `${name}.yaml`);
  const known =
    /^[a-z0-9-]+$/.test(name) &&
    (await readFile(path).then(
      () => true,
      () => false,
    ));
  if (!known)
    throw new EverbrokerError(
      'InvalidInput',
      `no topology "${name}" comes with Everbroker; give a file such as ./${name}.yaml`,
    );
  return readTopologyFile(path);
}
