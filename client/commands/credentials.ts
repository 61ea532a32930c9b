import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { z } from 'zod';
import { EverbrokerError } from '../../core/failure.js';
import { authorityCopy, credentialsCopy } from '../../core/state-layout.js';
import { openStateDir } from '../state-dir.js';
import { openTerminal } from '../terminal.js';

const login = z.object({ user: z.string(), password: z.string() });
const cached = z.object({ console: login, client: login, openwireLogin: z.boolean(), ca: z.string().optional() });

export function addCredentials(program: Command): void {
  program
    .command('credentials')
    .description('the logins of the web console and of clients')
    .argument('[cluster]', 'name of a deployed cluster', 'ha-6')
    .option('--json', 'one JSON document on stdout')
    .action(async (cluster: string, options: { json?: boolean }) => {
      const terminal = openTerminal(options.json ?? false);
      const { console: web, client: app, openwireLogin, ca } = await readCached(cluster);
      const client = openwireLogin ? app : null;
      const clientLine = client === null ? 'no login needed' : `${client.user} / ${client.password}`;
      const trust = ca === undefined ? null : { caFile: authorityCopy(await openStateDir(), cluster), ca };
      const trustLine =
        trust === null ? '' : `\nCA:      ${trust.caFile} (PEM; clients trust it for ssl:// and https://)`;
      terminal.result(`console: ${web.user} / ${web.password}\nclient:  ${clientLine}${trustLine}`, {
        console: web,
        client,
        ...trust,
      });
    });
}

/** The worker's cache; the master copy is on the cluster's first host. */
async function readCached(cluster: string): Promise<z.output<typeof cached>> {
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(cluster))
    throw new EverbrokerError('InvalidInput', `"${cluster}" is no name of a cluster`);
  const path = credentialsCopy(await openStateDir(), cluster);
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) {
    throw new EverbrokerError(
      'ClusterUnknown',
      `${path} does not exist; planning or deploying ${cluster} here again fetches it from the cluster`,
    );
  }
  return cached.parse(JSON.parse(text));
}
