#!/usr/bin/env node
// The command `everbroker`: the built command line, or a word on how to build it.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const cli = new URL('../dist/client/cli.mjs', import.meta.url);
if (existsSync(fileURLToPath(cli))) {
  await import(cli.href);
} else {
  console.error('everbroker is not built yet: run `npm run build` first (`npm start` does it too).');
  process.exitCode = 1;
}
