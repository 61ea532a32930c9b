// `node --import tsx setup/record-histories.ts`: records the histories that test/replay replays. Do it when a workflow
// was changed on purpose; between releases an incompatible change needs `patched()` instead, see ARCHITECTURE.md.
import { mkdir, writeFile } from 'node:fs/promises';
import { historyText } from '../test/support/history-files.js';
import { recordHistories } from '../test/support/recorded-histories.js';
import { stopTestServers } from '../test/support/temporal-server.js';

const directory = new URL('../test/replay/histories/', import.meta.url);
await mkdir(directory, { recursive: true });
try {
  for (const [name, history] of Object.entries(await recordHistories())) {
    await writeFile(new URL(`${name}.json`, directory), historyText(history));
    console.log(`${name}: ${history.events?.length ?? 0} events`);
  }
} finally {
  await stopTestServers();
}
