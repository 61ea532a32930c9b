/** Writes the golden files of the rendered configuration anew. Review them as a diff before committing. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { GOLDEN_DIR, goldenFiles } from '../test/core/activemq/golden.js';

for (const entry of await readdir(GOLDEN_DIR, { withFileTypes: true }))
  if (entry.isDirectory()) await rm(new URL(entry.name, GOLDEN_DIR), { recursive: true });
for (const [path, content] of Object.entries(goldenFiles())) {
  await mkdir(new URL('./', new URL(path, GOLDEN_DIR)), { recursive: true });
  await writeFile(new URL(path, GOLDEN_DIR), content);
}
