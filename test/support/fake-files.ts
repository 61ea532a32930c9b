/** The files of a fake host: whole files by absolute path; directories are where files (or mkdir) put them. */
export interface FakeFile {
  content: Buffer;
  mode: number;
  uid: number;
  gid: number;
}

export class FakeFiles {
  readonly #files = new Map<string, FakeFile>();
  readonly #directories = new Set<string>(['/']);

  write(path: string, content: string | Buffer, owner: { mode?: number; uid?: number; gid?: number } = {}): void {
    const { mode = 0o644, uid = 0, gid = 0 } = owner;
    this.makeDirectory(path.slice(0, path.lastIndexOf('/')) || '/');
    this.#files.set(path, { content: Buffer.from(content), mode, uid, gid });
  }

  get(path: string): FakeFile | undefined {
    return this.#files.get(path);
  }

  text(path: string): string | undefined {
    return this.get(path)?.content.toString('utf8');
  }

  remove(path: string): void {
    for (const file of this.paths(path)) this.#files.delete(file);
    for (const directory of [...this.#directories]) {
      if (directory === path || directory.startsWith(`${path}/`)) this.#directories.delete(directory);
    }
  }

  makeDirectory(path: string): void {
    const parts = path.split('/').filter((part) => part !== '');
    for (let end = 1; end <= parts.length; end++) this.#directories.add(`/${parts.slice(0, end).join('/')}`);
  }

  isDirectory(path: string): boolean {
    return this.#directories.has(path);
  }

  /** A file, or all files below a directory. */
  paths(below = ''): string[] {
    return [...this.#files.keys()].filter((path) => path === below || path.startsWith(`${below}/`)).sort();
  }

  /** Names in a directory. */
  list(directory: string): string[] {
    const children = [...this.#files.keys(), ...this.#directories].flatMap((path) => {
      const isBelow = path.startsWith(`${directory}/`);
      return isBelow ? [path.slice(directory.length + 1).split('/')[0] ?? ''] : [];
    });
    return [...new Set(children)].sort();
  }
}
