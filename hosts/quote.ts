/**
 * For the login shells that people have: sh, bash, zsh, ksh and fish read this alike. Backslashes stand outside of the
 * quotes, because fish takes them for escapes inside.
 */
export const quote = (argv: readonly string[]): string =>
  argv.map((arg) => `'${arg.replace(/['\\]/g, (special) => `'\\${special}'`)}'`).join(' ');
