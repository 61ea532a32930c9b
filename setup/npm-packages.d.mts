export function npmPackagesAreCurrent(root: string): boolean;
export function installNpmPackages(root: string): Promise<string>;
