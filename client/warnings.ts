/** Warnings about a topology as text: in full where somebody asks about it, folded where something else is the news. */
import type { DeployOutput } from '../core/contract.js';

type Warning = DeployOutput['warnings'][number];

/** As wide as most terminals are at least. */
const WIDTH = 100;

/** Every warning with its way out, wrapped. */
export const fullWarnings = (warnings: readonly Warning[]): string[] =>
  warnings.map(({ path, message, suggestion }) =>
    wrapped(`⚠ ${path}: ${message}${suggestion === undefined ? '' : ` — ${suggestion}`}`),
  );

/**
 * What is known against the version on one line, by name only; the rest a line each. Every deployment of a version
 * without support would otherwise begin with the same half screen.
 */
export function foldedWarnings(warnings: readonly Warning[]): string[] {
  const advisories = warnings.filter((warning) => warning.code === 'advisory');
  const others = warnings.filter((warning) => warning.code !== 'advisory');
  return [...fold(advisories), ...fullWarnings(others)];
}

function fold(advisories: readonly Warning[]): string[] {
  const [first] = advisories;
  if (first === undefined) return [];
  // `5.18.3: CVE-2025-27533: what it is`
  const [version = ''] = first.message.split(': ');
  const ids = advisories.map(({ message }) => message.split(': ')[1] ?? message);
  return [wrapped(`⚠ ActiveMQ ${version}: ${ids.join(', ')} (\`everbroker validate\` tells what they are)`)];
}

/** Breaks at blanks; lines after the first are indented. */
export function wrapped(text: string, width = WIDTH): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(lines.length === 0 ? word : `  ${word}`);
  }
  return lines.join('\n');
}
