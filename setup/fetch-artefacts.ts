/** `node --import tsx setup/fetch-artefacts.ts <version>…`: fills the artefact cache, so that deployments need not wait. */
import { openArtefactCache } from '../artefacts/cache.js';
import { fetchDistribution } from '../artefacts/distribution.js';
import { progressLines } from '../artefacts/progress-line.js';
import { parseAllowedUrls } from '../artefacts/url-policy.js';
import { cacheDir } from '../client/state-dir.js';
import { EverbrokerError, FAILURES } from '../core/failure.js';

const say = (line: string): boolean => process.stderr.write(`${line}\n`);

async function main(versions: string[]): Promise<number> {
  if (versions.length === 0 || !versions.every((version) => /^\d+\.\d+\.\d+$/.test(version))) {
    say('usage: node --import tsx setup/fetch-artefacts.ts <ActiveMQ version>… (such as 5.18.3)');
    return 2;
  }
  const abort = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => abort.abort(new EverbrokerError('Aborted', `stopped by ${name}; run again to go on`)));
  }
  const cache = openArtefactCache({
    directory: cacheDir(),
    log: say,
    allowedUrls: parseAllowedUrls(process.env['EVERBROKER_ALLOWED_URLS']),
  });
  const progress = progressLines(say, Date.now);
  for (const version of versions) {
    const started = Date.now();
    const options = { signal: abort.signal, progress };
    const { distribution } = await fetchDistribution(cache, { version, source: { kind: 'maven' } }, options);
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    say(`ActiveMQ ${version} is ready in ${cache.directory} (${distribution.jars.length} jars, ${seconds} s)`);
  }
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof EverbrokerError)) throw error;
  say(`${error.type}: ${error.message}\n${FAILURES[error.type].hint}`);
  process.exitCode = FAILURES[error.type].exitCode;
}
