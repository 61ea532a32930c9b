/** The drawing of a drill's cluster with its key, as HTML: once for screens and paper, once for phones. Pure. */
import type { DrillRecord } from '../../../core/drills/record.js';
import { escape } from '../page.js';
import { layOut } from './layout.js';
import { sketchOf, type Sketch } from './sketch.js';
import { drawLayout } from './svg.js';

export function clusterDrawing(record: DrillRecord): string {
  const sketch = sketchOf(record);
  const many = record.injections.length > 1;
  const label = labelOf(record, sketch);
  const draw = (id: 'wide' | 'narrow', width: number): string =>
    `<div class="scroll ${id}">${drawLayout(layOut(sketch, { width, many }), { id: `cluster-${id}`, label })}</div>`;
  const missing = sketch.missing.map((sentence) => `<p class="note plain">${escape(sentence)}</p>`).join('');
  return `${draw('wide', 1000)}${draw('narrow', 352)}<p class="key">${keyOf(sketch, many)}</p>${missing}`;
}

/** For who does not see it: the same in words. */
function labelOf({ cluster, injections }: DrillRecord, { bands, hosts }: Sketch): string {
  const parts = bands.map(({ title, on }) => {
    const places = [...on].map(([host, items]) => `${items.map((item) => item.title).join(', ')} on ${host}`);
    return `${title}: ${places.join('; ')}`;
  });
  const broken = injections.map(({ detail }) => detail).join('; ') || 'nothing';
  return `Cluster ${cluster} on ${hosts.length} hosts. ${parts.join('. ')}. Broken: ${broken}.`;
}

function keyOf({ bands, links, streams }: Sketch, many: boolean): string {
  const items = bands.flatMap(({ on }) => [...on.values()].flat());
  const hasRoles = items.some(({ roles }) => roles !== null && roles.before !== null);
  const words = [
    'hatched, with a cross: broken by the drill',
    many ? 'numbers: rows of the table below' : '',
    hasRoles ? 'roles: before the first fault → at the end' : '',
    links.some(({ kind }) => kind === 'bridge') ? 'lines with arrows: bridges' : '',
    links.some(({ kind }) => kind === 'store') ? 'dotted lines: whose store or election is where' : '',
    streams.length > 0 ? 'arrows from clients: messages acknowledged; to clients: delivered' : '',
  ];
  return words
    .filter((word) => word !== '')
    .map((word) => `<span>${word}</span>`)
    .join('');
}
