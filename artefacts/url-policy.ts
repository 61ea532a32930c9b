import { EverbrokerError } from '../core/failure.js';

/**
 * The worker's list of allowed URLs from its setting (`EVERBROKER_ALLOWED_URLS`, comma separated); undefined when unset.
 * In a pattern `*` stands for any characters, but before the first `/` of the path it stays within the host name.
 */
export function parseAllowedUrls(setting: string | undefined): string[] | undefined {
  const patterns = setting?.split(',').map((pattern) => pattern.trim());
  const given = patterns?.filter((pattern) => pattern !== '');
  return given && given.length > 0 ? given : undefined;
}

/** Whether a download may go to the URL: https, without a login in it, and matching a pattern where there are any. */
export function urlAllowed(url: string, patterns: readonly string[] | undefined): boolean {
  if (!URL.canParse(url)) return false;
  const parsed = new URL(url);
  if (parsed.username !== '' || parsed.password !== '') return false;
  // The normalised form is matched, so that "/dist/../secret" is not taken for something below /dist/.
  if (patterns) return patterns.some((pattern) => matcher(pattern).test(parsed.href));
  return parsed.protocol === 'https:';
}

/** @throws EverbrokerError InputRefused */
export function assertUrlAllowed(url: string, patterns: readonly string[] | undefined): void {
  if (urlAllowed(url, patterns)) return;
  const why = patterns
    ? `the worker allows only ${patterns.join(', ')} (EVERBROKER_ALLOWED_URLS)`
    : 'only https:// URLs without a login are allowed';
  throw new EverbrokerError('InputRefused', `${withoutLogin(url)} is refused: ${why}`, { url: withoutLogin(url) });
}

function matcher(pattern: string): RegExp {
  const pathStart = /^[a-z]+:\/\/[^/]*/.exec(pattern)?.[0].length ?? 0;
  const host = pattern.slice(0, pathStart).split('*').map(escape).join('[^/]*');
  const path = pattern.slice(pathStart).split('*').map(escape).join('.*');
  return new RegExp(`^${host}${path}$`);
}

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const withoutLogin = (url: string): string => url.replace(/\/\/[^/@]*@/, '//');
