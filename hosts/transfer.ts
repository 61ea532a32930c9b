/** Files on a host, all of them through exec, so that a guard in front of the command covers them too. */
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { EverbrokerError } from '../core/failure.js';
import { TREE_MARK } from '../core/layout.js';
import { archiveOf, type HostFile } from './archive.js';
import type { Host } from './host.js';
import type { InputFile } from './input.js';
import { commandFailed, run } from './run.js';

export type { HostFile } from './archive.js';

export interface TransferOptions {
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

/**
 * $1 = suffix of the temporary names, then the files. Everything is unpacked beside its target first and only then
 * renamed, so a file is always the old or the new one; a cut transfer renames nothing. Left-overs of a run that was
 * killed are removed: they may hold secrets.
 */
export const PUT_FILES = `umask 022
id=$1; shift
parts() { directory=\${1%/*}; temporary=$directory/.\${1##*/}.everbroker-; }
discard() { for file; do parts "$file"; for part in "$temporary"*; do [ ! -e "$part" ] || rm -f "$part"; done; done; }
for file; do parts "$file"; [ -d "$directory/" ] || mkdir -p "$directory/" || exit 1; done
discard "$@"
trap 'discard "$@"' EXIT
trap 'exit 143' TERM
tar -x -p -f - -C / || exit 1
for file; do parts "$file"; [ -f "$temporary$id" ] || { echo "the transfer of $file was cut" >&2; exit 1; }; done
for file; do parts "$file"; mv -f -T "$temporary$id" "$file" || exit 1; done`;

/** A shell script that runs in the same command, before anything is written: a command more costs more than what it does. */
export interface Preparation {
  script: string;
  args: readonly string[];
}

/** $1 = script, $2 = number of its arguments, then those, then what PUT_FILES takes. */
const PREPARE = 'script=$1 count=$2; shift 2; sh -c "$script" prepare "$@" || exit; shift "$count"';

/**
 * Writes whole files with their modes and owners in one command. Missing directories are made (0755, root).
 * Each file is replaced atomically; a failure leaves files old or new, never half.
 * @returns what the preparation printed
 * @throws EverbrokerError CommandFailed | CommandTimedOut | HostUnreachable
 */
export async function putFiles(
  host: Host,
  files: readonly HostFile[],
  options: TransferOptions & { first?: Preparation },
): Promise<string> {
  if (files.length === 0 && options.first === undefined) return '';
  for (const { path } of files) insistOnFilePath(path);
  const id = randomUUID().slice(0, 8);
  const archive = await archiveOf(files, (path) => temporaryName(path, id));
  const { timeoutMs, signal, first } = options;
  const script = first === undefined ? PUT_FILES : `${PREPARE}\n${PUT_FILES}`;
  const preparation = first === undefined ? [] : [first.script, String(first.args.length), ...first.args];
  const argv = ['sh', '-c', script, 'put-files', ...preparation, id, ...files.map(({ path }) => path)];
  const result = await host.exec(argv, { timeoutMs, signal, stdin: archive });
  if (result.timedOut || result.exitCode !== 0) throw commandFailed(result, `write ${listed(files)}`);
  return result.stdout;
}

const temporaryName = (path: string, id: string): string => {
  const slash = path.lastIndexOf('/');
  return `${path.slice(0, slash)}/.${path.slice(slash + 1)}.everbroker-${id}`;
};

function insistOnFilePath(path: string): void {
  if (path.startsWith('/') && !path.endsWith('/') && !path.includes('\0')) return;
  throw new EverbrokerError('InvalidInput', `${JSON.stringify(path)} is no absolute path of a file`, { path });
}

const listed = (files: readonly HostFile[]): string =>
  files.length > 3 ? `${files.length} files` : files.map(({ path }) => path).join(', ');

/**
 * $1 = the tree, $2 = where it grows. tar takes a stream that was cut between two files for good; the mark is the archive's
 * last entry, so where it is, everything is. What lies beside in $2.overlay replaces what was sent.
 */
export const PUT_TREE = `umask 022
tree=$1 part=$2
mkdir -p "$part" && tar -x -p -o -f - -C "$part" || exit 1
[ -f "$part/${TREE_MARK}" ] || { echo "the transfer of $tree was cut" >&2; exit 1; }
if [ -d "$part.overlay" ]; then cp -a "$part.overlay/." "$part/" && rm -rf "$part.overlay" || exit 1; fi
chmod 0755 "$part" && rm -rf "$tree" && mv -T "$part" "$tree"`;

/**
 * Unpacks a tar whose last entry is TREE_MARK, all or nothing: it grows beside its place and is renamed. Everything
 * belongs to root.
 * @throws EverbrokerError CommandFailed | CommandTimedOut | HostUnreachable
 */
export async function putTree(
  host: Host,
  archive: InputFile | Readable,
  { tree, part }: { tree: string; part: string },
  { timeoutMs, signal }: TransferOptions,
): Promise<void> {
  await run(host, ['sh', '-c', PUT_TREE, 'put-tree', tree, part], { timeoutMs, signal, stdin: archive });
}

/** $1 = path; 66 (EX_NOINPUT) tells a missing file from one that cannot be read. */
export const READ_FILE = '[ -e "$1" ] || exit 66; exec cat -- "$1"';
const NO_SUCH_FILE = 66;
const DEFAULT_FILE_BYTES = 4 * 1024 * 1024;

/**
 * The text of a file (UTF-8), or null where there is none.
 * @throws EverbrokerError CommandFailed when it cannot be read or is longer than maxBytes (default 4 MiB).
 */
export async function readFile(
  host: Host,
  path: string,
  options: { timeoutMs: number; signal?: AbortSignal | undefined; maxBytes?: number },
): Promise<string | null> {
  const { timeoutMs, signal, maxBytes: maxOutputBytes = DEFAULT_FILE_BYTES } = options;
  const result = await host.exec(['sh', '-c', READ_FILE, 'read-file', path], { timeoutMs, signal, maxOutputBytes });
  if (!result.timedOut && result.exitCode === NO_SUCH_FILE) return null;
  if (result.timedOut || result.exitCode !== 0) throw commandFailed(result, `read ${path}`);
  if (!result.truncated) return result.stdout;
  throw new EverbrokerError('CommandFailed', `${host.name}: ${path} is longer than ${maxOutputBytes} bytes`, { path });
}
