/** The commands that a fake host knows by itself: those that hosts/ sends, and a few of coreutils. */
import tar from 'tar-stream';
import { buffer } from 'node:stream/consumers';
import { AGENT_FILE, OWNER_FILE, TREE_MARK } from '../../core/layout.js';
import { NOT_THE_OWNER } from '../../hosts/owned-host.js';
import { PUT_FILES, PUT_TREE, READ_FILE } from '../../hosts/transfer.js';
import type { FakeCommand, FakeProcess } from './fake-host.js';

interface Builtin {
  matches: (argv: readonly string[]) => boolean;
  command: FakeCommand;
}

const starting =
  (...words: string[]) =>
  (argv: readonly string[]): boolean =>
    words.every((word, index) => argv[index] === word);

async function unpack(
  archive: Buffer,
  take: (name: string, header: tar.Header, content: Buffer) => void,
): Promise<void> {
  const extract = tar.extract();
  extract.end(archive);
  for await (const entry of extract) take(entry.header.name, entry.header, await buffer(entry));
}

const putFiles: FakeCommand = async ({ argv, files, stdin, stderr }) => {
  const targets = argv.slice(5);
  const received: [tar.Header, Buffer][] = [];
  await unpack(await stdin(), (_name, header, content) => received.push([header, content]));
  if (received.length < targets.length) {
    stderr('the transfer was cut\n');
    return 1;
  }
  for (const [index, [{ mode = 0o644, uid = 0, gid = 0 }, content]] of received.entries()) {
    files.write(targets[index] ?? '', content, { mode, uid, gid });
  }
  return 0;
};

const putTree: FakeCommand = async ({ argv, files, stdin, stderr }) => {
  const [tree = '/'] = argv.slice(4);
  const received = new Map<string, [tar.Header, Buffer]>();
  await unpack(await stdin(), (name, header, content) => received.set(name, [header, content]));
  if (!received.has(TREE_MARK)) {
    stderr(`the transfer of ${tree} was cut\n`);
    return 1;
  }
  files.remove(tree);
  files.makeDirectory(tree);
  for (const [name, [{ type, mode = 0o644 }, content]] of received)
    if (type === 'file') files.write(`${tree}/${name}`, content, { mode });
  return 0;
};

const readFile: FakeCommand = ({ argv, files, stdout }) => {
  const file = files.get(argv[4] ?? '');
  if (!file) return 66;
  stdout(file.content);
  return 0;
};

const guard: FakeCommand = ({ argv, files, stderr, run }) => {
  const owner = files.text(OWNER_FILE)?.trim();
  if (owner === argv[3]) return run(argv.slice(5));
  stderr(`owned by ${owner ?? 'nobody'}\n`);
  return NOT_THE_OWNER;
};

const stat: FakeCommand = ({ argv, files, stdout, stderr }) => {
  let exitCode = 0;
  for (const path of argv.slice(3)) {
    const file = files.get(path);
    if (file) stdout(`${file.mode.toString(8)} ${file.uid} ${file.gid}\n`);
    else if (files.isDirectory(path)) stdout('755 0 0\n');
    else {
      stderr(`stat: cannot statx '${path}': No such file or directory\n`);
      exitCode = 1;
    }
  }
  return exitCode;
};

const cat: FakeCommand = async ({ argv, files, stdin, stdout, stderr }) => {
  if (argv.length === 1) stdout(await stdin());
  for (const path of argv.slice(1)) {
    const file = files.get(path);
    if (!file) {
      stderr(`cat: ${path}: No such file or directory\n`);
      return 1;
    }
    stdout(file.content);
  }
  return 0;
};

const sleep: FakeCommand = ({ killed }) =>
  new Promise((resolve) => killed.addEventListener('abort', () => resolve(143), { once: true }));

const seq: FakeCommand = ({ argv, stdout }) => {
  for (let n = Number(argv[1]); n <= Number(argv[2]); n++) stdout(`${n}\n`);
  return 0;
};

/** Only what the contract's own tests say in a shell. */
const shell: FakeCommand = (process) => {
  const script = process.argv[2] ?? '';
  const exit = /^exit (\d+)$/.exec(script);
  if (exit) return Number(exit[1]);
  if (script === 'echo out; echo err >&2') {
    process.stdout('out\n');
    process.stderr('err\n');
    return 0;
  }
  if (script.startsWith('sleep ')) return sleep(process);
  return unknownScript(process);
};

const unknownScript = ({ argv, stderr }: FakeProcess): number => {
  stderr(`the fake host knows no script ${JSON.stringify(argv[2])}; give it one with on()\n`);
  return 127;
};

export const builtins: readonly Builtin[] = [
  { matches: starting('sh', '-c', PUT_FILES), command: putFiles },
  { matches: starting('sh', '-c', PUT_TREE), command: putTree },
  { matches: starting('sh', '-c', READ_FILE), command: readFile },
  { matches: starting('sh', AGENT_FILE, 'guard'), command: guard },
  { matches: starting('sh', '-c'), command: shell },
  { matches: starting('true'), command: () => 0 },
  { matches: starting('false'), command: () => 1 },
  { matches: starting('cat'), command: cat },
  { matches: starting('sleep'), command: sleep },
  { matches: starting('seq'), command: seq },
  { matches: starting('stat', '-c', '%a %u %g'), command: stat },
  {
    matches: starting('printf', '%s\\0'),
    command: ({ argv, stdout }) => (
      stdout(
        argv
          .slice(2)
          .map((arg) => `${arg}\0`)
          .join(''),
      ),
      0
    ),
  },
  { matches: starting('wc', '-c'), command: async ({ stdin, stdout }) => (stdout(`${(await stdin()).length}\n`), 0) },
  {
    matches: starting('ls', '-A'),
    command: ({ argv, files, stdout }) => (
      stdout(
        files
          .list(argv[2] ?? '')
          .map((name) => `${name}\n`)
          .join(''),
      ),
      0
    ),
  },
];
