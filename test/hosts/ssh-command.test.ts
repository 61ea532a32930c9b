import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { quote } from '../../hosts/quote.js';
import { commandLine } from '../../hosts/ssh-command.js';
import { afterWord } from '../../hosts/output.js';

const HARD = [
  'with space',
  `"double" 'single'`,
  'two\nlines',
  '$HOME `id` \\ * \\\\',
  'grüße 🐇',
  '-n',
  '',
  '; false',
  '!!',
];

test('arguments reach a command untouched through any shell', () => {
  for (const shell of ['sh', 'bash']) {
    const { stdout } = spawnSync(shell, ['-c', `exec ${quote(['printf', '%s\\0', ...HARD])}`], { encoding: 'utf8' });
    assert.deepEqual(stdout.split('\0').slice(0, -1), HARD, shell);
  }
});

/** As sshd runs it, on this machine. */
function runLine(argv: string[], input: (command: ReturnType<typeof commandLine>) => string) {
  const command = commandLine(argv, { user: 'root', word: 'everbroker-word' });
  return spawnSync('sh', ['-c', command.line], { encoding: 'utf8', input: input(command) });
}

test('a command begins at its word, after whatever comes before it', () => {
  const { stdout, status } = runLine(['cat'], ({ go }) => `a password that nobody wanted\n\n${go}its own input`);
  assert.deepEqual({ stdout, status }, { stdout: 'everbroker-word\nits own input', status: 0 });
});

test('a command without its word, or with half of it, never begins', () => {
  for (const input of ['', 'x\n', 'everbroker-wo', 'everbroker-word-and-more\n']) {
    const { stdout, status } = runLine(['echo', 'begun'], () => input);
    assert.deepEqual({ stdout, status }, { stdout: '', status: 97 }, input);
  }
});

test('the password of sudo stands on its input, never in the command line', () => {
  const password = 'a secret';
  const command = commandLine(['true'], { user: 'deploy', password, word: 'w' });
  assert.ok(!command.line.includes(password));
  assert.ok(command.password.startsWith(`${password}\n`));
  assert.equal(commandLine(['true'], { user: 'root', password, word: 'w' }).password, '');
  assert.match(commandLine(['true'], { user: 'deploy', word: 'w' }).line, /'sudo' '-n'/);
});

test('what no command line can carry is refused', () => {
  assert.throws(() => commandLine(['x'.repeat(130_000)], { user: 'root', word: 'w' }), /its input/);
  assert.throws(() => commandLine(['a\0b'], { user: 'root', word: 'w' }), /zero byte/);
});

test('output begins after the word, wherever the network cuts it', () => {
  const bytes = Buffer.from('noise, prompt: WORD 12 34\nthe output');
  for (let size = 1; size <= bytes.length; size++) {
    let line = '';
    let output = '';
    const reader = afterWord('WORD', { line: (text) => (line = text), rest: (chunk) => (output += chunk.toString()) });
    for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
    assert.deepEqual({ line, output }, { line: ' 12 34', output: 'the output' });
  }
  const silent = afterWord('WORD', { line: () => assert.fail(), rest: () => assert.fail() });
  silent.push(Buffer.from('account not available'));
  assert.equal(silent.before(), 'account not available');
});
