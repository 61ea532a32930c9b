/** One HTML page with everything in it: no script, no request, readable in light and in dark. */

/** Text from a record or a topology as it may stand in HTML, between tags and in attributes. */
export function escape(text: unknown): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return String(text).replace(/[&<>"']/g, (character) => entities[character] ?? '');
}

/** To the minute, in UTC, because whoever reads it may be anywhere. */
export const moment = (at: number): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ');

const STYLE = `
:root { color-scheme: light dark; --back: #fff; --card: #f6f7f9; --text: #1c2530; --soft: #5a6675; --line: #d5dae1;
  --good: #1a7f4b; --bad: #c62f2f; --warn: #a15c00; --shade: #e0453b; --one: #2463c9; --two: #c05a00; --slave: #8fb3e8;
  --recovering: #e5a93c; --frozen: #9b6bd3; --down: #9aa3ae; --unseen: transparent; }
@media (prefers-color-scheme: dark) { :root { --back: #12161c; --card: #1b2129; --text: #e4e9ef; --soft: #9aa7b6;
  --line: #323b47; --good: #4cc38a; --bad: #ff7b72; --warn: #e8a33d; --shade: #ff6a5e; --one: #6ea8ff; --two: #ffa657;
  --slave: #3d5f91; --recovering: #b8841f; --frozen: #8a5fc0; --down: #4c5664; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1080px; padding: 28px 20px 60px; background: var(--back); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 24px; margin: 0 0 2px; } h2 { font-size: 17px; margin: 34px 0 8px; }
h3 { font-size: 14px; margin: 14px 0 2px; color: var(--soft); font-weight: 600; }
p { margin: 4px 0; } .soft { color: var(--soft); }
.verdict { display: inline-block; padding: 3px 12px; border-radius: 99px; font-weight: 700; color: var(--back); }
.passed { background: var(--good); } .failed { background: var(--bad); } .inconclusive, .skipped { background: var(--warn); }
.held { color: var(--good); font-weight: 700; } .broken { color: var(--bad); font-weight: 700; } .unknown { color: var(--warn); font-weight: 700; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 5px 12px 5px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { vertical-align: bottom; color: var(--soft); font-weight: 600; font-size: 13px; } td.number, th.number { text-align: right; } td.number { white-space: nowrap; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 10px; margin: 18px 0 0; }
.fact { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 10px 14px; }
.fact b { display: block; font-size: 22px; }
.note { border-left: 4px solid var(--bad); padding: 6px 12px; background: var(--card); }
.key { margin: 8px 0; display: flex; flex-wrap: wrap; gap: 4px 16px; font-size: 13px; color: var(--soft); }
.key i { display: inline-block; width: 12px; height: 12px; margin-right: 5px; border-radius: 2px; vertical-align: -1px; }
.note.plain { border-color: var(--warn); font-size: 13px; margin-top: 6px; }
.whole, .spark { white-space: nowrap; } .spark { color: var(--one); } a { color: var(--one); }
svg { display: block; width: 100%; height: auto; } .narrow { display: none; }
@media (max-width: 640px) { .wide { display: none; } .narrow { display: block; } body { padding: 18px 20px 40px; }
  thead { display: none; } table, tbody { display: block; } tr { display: flex; flex-wrap: wrap; gap: 0 14px; padding: 6px 0; border-bottom: 1px solid var(--line); }
  td, td.number { border: 0; padding: 0; text-align: left; } td:first-child { flex-basis: 100%; font-weight: 600; } td:empty { display: none; }
  td + td::before { content: attr(data-head) " "; color: var(--soft); font-size: 12px; } }
@media print { body { max-width: none; padding: 0; } .verdict { print-color-adjust: exact; } svg, tr { break-inside: avoid; } h2, h3 { break-after: avoid; } } code { font-size: 13px; overflow-wrap: anywhere; }
details { margin-top: 20px; } pre { overflow-x: auto; background: var(--card); padding: 12px; border-radius: 8px; font-size: 12px; }`;

/** The policy lets nothing be loaded or run, should anything ever slip through the escaping. */
export const page = (title: string, body: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escape(title)}</title>
<style>${STYLE}</style>
</head>
<body>
${body}
</body>
</html>
`;

/** Cells are HTML already; columns named in `numbers` are set to the right. */
export function htmlTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  numbers: readonly number[] = [],
): string {
  const numeric = (index: number): string => (numbers.includes(index) ? ' class="number"' : '');
  const titles = head.map((title, index) => `<th${numeric(index)}>${escape(title)}</th>`).join('');
  // On a phone a row is a paragraph, and each cell says what it is.
  const cells = (row: readonly string[]): string =>
    row.map((cell, index) => `<td${numeric(index)} data-head="${escape(head[index] ?? '')}">${cell}</td>`).join('');
  const body = rows.map((row) => `<tr>${cells(row)}</tr>`).join('\n');
  return `<div class="scroll"><table><thead><tr>${titles}</tr></thead><tbody>\n${body}\n</tbody></table></div>`;
}
