/** Which package sources a Debian image gets: those of this machine where it is a Debian, else Debian's own. */
export const CODENAME = 'bookworm';

export interface DebianMirrors {
  main: string;
  security: string;
}

const OFFICIAL: DebianMirrors = {
  main: 'http://deb.debian.org/debian',
  security: 'http://deb.debian.org/debian-security',
};

/** A machine whose users set up a mirror did so for a reason: it is near, or it is the only one in reach. */
export function debianMirrors(sourceFiles: readonly string[]): DebianMirrors {
  const entries = sourceFiles.flatMap((text) => [...oneLineEntries(text), ...deb822Entries(text)]);
  const mirror = (isSuite: (suite: string) => boolean, isPath: RegExp): string | undefined =>
    entries.find(({ uri, suites }) => isUsable(uri) && isPath.test(uri) && suites.some(isSuite))?.uri;
  const main = mirror((suite) => /^(bookworm|trixie|stable|testing)$/.test(suite), /\/debian$/);
  const security = mirror((suite) => /^(bookworm|trixie|stable|testing)-security$/.test(suite), /\/debian-security$/);
  return { main: main ?? OFFICIAL.main, security: security ?? (main ? beside(main) : OFFICIAL.security) };
}

/** Mirrors keep the security archive beside the main one; not every machine lists it. */
const beside = (main: string): string => (main === OFFICIAL.main ? OFFICIAL.security : `${main}-security`);

interface Entry {
  uri: string;
  suites: string[];
}

/** What only this machine can reach is of no use in a container. */
function isUsable(uri: string): boolean {
  if (!URL.canParse(uri)) return false;
  const { protocol, hostname } = new URL(uri);
  return /^https?:$/.test(protocol) && !/^(localhost|127\..*|\[::1\])$/.test(hostname);
}

const withoutSlash = (uri: string): string => uri.replace(/\/+$/, '');

function oneLineEntries(text: string): Entry[] {
  return [...text.matchAll(/^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)/gm)].map(([, uri = '', suite = '']) => ({
    uri: withoutSlash(uri),
    suites: [suite],
  }));
}

function deb822Entries(text: string): Entry[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const field = (name: string): string[] =>
      new RegExp(`^${name}:\\s*(.*)$`, 'im').exec(stanza)?.[1]?.trim().split(/\s+/) ?? [];
    if (!field('Types').includes('deb') || field('Enabled').includes('no')) return [];
    return field('URIs').map((uri) => ({ uri: withoutSlash(uri), suites: field('Suites') }));
  });
}

/** The image's /etc/apt/sources.list. */
export const sourcesList = ({ main, security }: DebianMirrors): string =>
  [
    `deb ${main} ${CODENAME} main`,
    `deb ${main} ${CODENAME}-updates main`,
    `deb ${security} ${CODENAME}-security main`,
    '',
  ].join('\n');
