/** The one line that an SSH server hands to the user's login shell, and the wrapper that it starts. */
import { EverbrokerError } from '../core/failure.js';
import { quote } from './quote.js';

/**
 * $1 = a word of this command's own. On stderr the wrapper says it with its process group and the time at which the
 * group's leader started (a number may be used again), and then waits for the word on its input before it begins: so a
 * command that runs can always be killed, and one whose group was never heard of has certainly not begun. What login
 * scripts or sudo say ends with the word, on both outputs, and a line of password that sudo did not want is passed over.
 * Directory, umask and path are as in a container, whoever logs in.
 */
const WRAPPER = `word=$1; shift
read -r x x x x group x < "/proc/$$/stat"
read -r x x x x x x x x x x x x x x x x x x x x x since x < "/proc/$group/stat"
echo "$word $group $since" >&2
while IFS= read -r line; do [ "$line" = "$word" ] && break; done
[ "$line" = "$word" ] || exit 97
cd / && umask 022
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH
export PATH
unset line x
echo "$word"
exec "$@"`;

/** Kills a group unless its number has meanwhile become another's. $1 = group, $2 = when its leader started. */
export const sameGroup = (kill: string): string =>
  `if [ -e "/proc/$1/stat" ]; then
  read -r x x x x x x x x x x x x x x x x x x x x x since x < "/proc/$1/stat"
  [ "$since" = "$2" ] || exit 0
fi
${kill}`;

/** Linux takes no longer argument, and the shell gets the whole line as one. */
const LONGEST = 120_000;

/** A sudo that refuses the password asks again and again; empty lines answer at once, and are passed over by the wrapper. */
const NO_OTHER = '\n'.repeat(9);

export interface CommandLine {
  line: string;
  /** For sudo, to be written first. */
  password: string;
  /** To be written when the group is known; the command's own input follows. */
  go: string;
}

/**
 * As root: directly, or by sudo, which gets the password on its input where there is one and else must not ask.
 * @throws EverbrokerError InvalidInput when no command line can carry the argv.
 */
export function commandLine(
  argv: readonly string[],
  { user, password, word }: { user: string; password?: string | undefined; word: string },
): CommandLine {
  const wrapped = ['sh', '-c', WRAPPER, 'sh', word, ...argv];
  const sudo = password === undefined ? ['sudo', '-n', '--'] : ['sudo', '-S', '-p', '', '--'];
  const line = `exec ${quote(user === 'root' ? wrapped : [...sudo, ...wrapped])}`;
  if (line.includes('\0')) throw new EverbrokerError('InvalidInput', 'an argument of a command holds a zero byte');
  if (Buffer.byteLength(line) > LONGEST)
    throw new EverbrokerError('InvalidInput', `a command of more than ${LONGEST} bytes; long texts go over its input`);
  return {
    line,
    password: user !== 'root' && password !== undefined ? `${password}\n${NO_OTHER}` : '',
    go: `${word}\n`,
  };
}
