import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { devServerArguments } from '../../client/embedded/temporal-server.js';
import { TEMPORAL_CLI } from '../../client/embedded/programs.js';

interface Compose {
  services: { temporal: { image: string; command: string[]; ports: string[] } };
}

test('the Temporal of docker-compose.dev.yml is started like the embedded one, and reached on loopback only', () => {
  const text = readFileSync(new URL('../../docker-compose.dev.yml', import.meta.url), 'utf8');
  const { temporal } = (parse(text) as Compose).services;
  const embedded = devServerArguments({ port: 7233, uiPort: 8233, database: '/data/temporal.db' });
  // `--flag value` as `--flag=value`; a container listens on all its addresses.
  const flags = embedded.slice(2).reduce<string[]>((all, word) => {
    if (word.startsWith('--')) return [...all, word];
    return [...all.slice(0, -1), `${all.at(-1)}=${word}`];
  }, []);
  const inContainer = flags.map((flag) => (flag.startsWith('--ip=') ? '--ip=0.0.0.0' : flag));
  assert.deepEqual(temporal.command.slice(0, 2), embedded.slice(0, 2));
  assert.deepEqual(temporal.command.slice(2).sort(), inContainer.sort());
  assert.equal(temporal.image, `temporalio/temporal:${TEMPORAL_CLI.version}`);
  assert.deepEqual(temporal.ports, ['127.0.0.1:7233:7233', '127.0.0.1:8233:8233']);
});
