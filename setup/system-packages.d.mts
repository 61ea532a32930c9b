export function which(program: string, env?: NodeJS.ProcessEnv): string | undefined;
export function pythonMakesEnvironments(): boolean;
export function isReachable(url: string, timeoutMs?: number): Promise<boolean>;
export function isDebianLike(osRelease: string): boolean;
export function mayInstallPackages(): boolean;
export function installPackages(packages: readonly string[], say: (line: string) => void): Promise<void>;
