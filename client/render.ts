/** Results as text for people. */
import type {
  Check,
  DeployOutput,
  DestroyOutput,
  NodeResult,
  PlanOutput,
  StatusOutput,
  VerifyOutput,
} from '../core/contract.js';
import { foldedWarnings, fullWarnings } from './warnings.js';

export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>(
    (all, row) => row.map((cell, index) => Math.max(all[index] ?? 0, cell.length)),
    [],
  );
  return rows
    .map((row) =>
      row
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const nodesTable = (nodes: readonly NodeResult[]): string =>
  table([
    ['NODE', 'GROUP', 'HOST', 'ADDRESS', 'ROLE', 'OPENWIRE', 'CONSOLE'],
    ...nodes.map((node) => [
      node.node,
      node.group,
      node.host,
      node.address,
      node.role,
      String(node.openwire),
      node.role === 'master' ? node.consoleUrl : '-',
    ]),
  ]);

export const checksText = (checks: readonly Check[]): string =>
  checks
    .map(
      (check) =>
        `${check.ok ? '✔' : '✖'} ${check.name}: ${check.ok ? '' : `${check.fault ?? 'failed'}: `}${check.detail}`,
    )
    .join('\n');

const urlsText = (urls: Record<string, string>): string[] =>
  Object.entries(urls).map(([group, url]) => `  ${group}: ${url}`);

const lines = (...parts: (string | string[])[]): string =>
  parts
    .flat()
    .filter((part) => part !== '')
    .join('\n');

export function deployText(output: DeployOutput, where: { credentials: string; ui: string | null }): string {
  const seconds = (output.durationMs / 1000).toFixed(1);
  const what =
    output.outcome === 'unchanged'
      ? `${output.cluster} is as its topology says: nothing changed (${seconds} s)`
      : `${output.cluster} is deployed and proven (${seconds} s, ${output.steps.changed} of ${output.steps.run} steps changed something)`;
  return lines(
    foldedWarnings(output.warnings),
    output.notes,
    output.checks.length > 0 ? `\n${checksText(output.checks)}` : '',
    `\n${what}\n`,
    nodesTable(output.nodes),
    '\nfailover URLs for clients:',
    urlsText(output.clientUrls),
    `\ncredentials: ${where.credentials}`,
    where.ui === null ? '' : `this run in the Temporal UI: ${where.ui}`,
  );
}

export function planText(output: PlanOutput): string {
  const count = output.steps.length;
  const steps = output.steps.map((step) =>
    lines(
      `  ${step.summary}`,
      `      because ${step.reason}`,
      ...(step.files ?? []).map((file) =>
        indent(file.diff ?? (file.change === 'create' ? `+ ${file.path}` : `~ ${file.path}`)),
      ),
    ),
  );
  return lines(
    fullWarnings(output.warnings),
    output.notes,
    count === 0
      ? `${output.cluster} is as its topology says: nothing to do`
      : `${output.cluster}: ${count} ${count === 1 ? 'step' : 'steps'}`,
    steps,
    output.unseen.length > 0
      ? `  then look into ${output.unseen.join(', ')} and plan the rest: what it holds is not known yet`
      : '',
  );
}

const indent = (text: string): string =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => `      ${line}`)
    .join('\n');

export const verifyText = (output: VerifyOutput): string =>
  lines(
    nodesTable(output.nodes),
    '',
    checksText(output.checks),
    `\n${output.cluster}: verification ${output.verdict} (${(output.durationMs / 1000).toFixed(1)} s)`,
  );

export const statusText = (output: StatusOutput): string =>
  lines(
    nodesTable(output.nodes),
    output.healthy ? `\n${output.cluster} is healthy` : `\n${checksText(output.checks.filter((check) => !check.ok))}`,
  );

export function destroyText(output: DestroyOutput): string {
  if (output.outcome === 'nothing') return lines(`${output.cluster}: nothing to remove`, keptText(output.kept));
  return lines(`${output.cluster}: removed ${output.removed.join(', ')}`, keptText(output.kept));
}

const keptText = (kept: readonly string[]): string =>
  kept.length === 0 ? '' : `kept, because they hold data: ${kept.join(', ')} (--delete-data removes them)`;

export const problemsText = (problems: DeployOutput['warnings']): string => fullWarnings(problems).join('\n');
