// Runs a CommonJS bundle as Node would, with V8's code cache beside it: what is compiled already is not compiled again at
// each command (0.20 s instead of 0.36 for `--help`, measured). V8 itself refuses a cache of another version or other
// flags, and then compiles. Newer versions of Node can do this themselves (module.enableCompileCache), 20 cannot.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import vm from 'node:vm';

/** @param {string} file The bundle. @returns {string} Where its code cache lies. */
export const cacheFile = (file) => `${file}.cache`;

/** @param {string} file @returns {vm.Script} Which, once run, can give its code cache. */
export function loadScript(file) {
  const code = `(function (exports, require, module, __filename, __dirname) {${readFileSync(file, 'utf8')}\n})`;
  const cache = cacheFile(file);
  const script = new vm.Script(code, {
    filename: file,
    cachedData: existsSync(cache) ? readFileSync(cache) : undefined,
    importModuleDynamically: vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER ?? ((name) => import(name)),
  });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(file), module, file, dirname(file));
  return script;
}
