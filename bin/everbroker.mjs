#!/usr/bin/env node
// The command `everbroker`: the built command line, or a word on how to build it.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadScript } from './load-script.mjs';

const cli = fileURLToPath(new URL('../dist/client/cli.cjs', import.meta.url));
if (existsSync(cli)) {
  loadScript(cli);
} else {
  console.error('everbroker is not built yet: run `npm run build` first (`npm start` does it too).');
  process.exitCode = 1;
}
