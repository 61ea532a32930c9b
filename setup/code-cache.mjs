// `node setup/code-cache.mjs BUNDLE [ARGUMENTS…]`: runs a bundle once and keeps what V8 compiled for it, see
// bin/load-script.mjs. In a process of its own, because the bundle is a whole program that ends its process.
import { renameSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { cacheFile, loadScript } from '../bin/load-script.mjs';

const [file, ...args] = process.argv.slice(2);
const bundle = resolve(file);
process.argv = [process.execPath, bundle, ...args];
const script = loadScript(bundle);
process.on('exit', () => {
  // A command may be starting at this moment.
  writeFileSync(`${cacheFile(bundle)}.new`, script.createCachedData());
  renameSync(`${cacheFile(bundle)}.new`, cacheFile(bundle));
});
