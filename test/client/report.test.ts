/** Pages about drills: whole in one file, and nothing in a record becomes markup. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drillPage } from '../../client/report/drill-page.js';
import { historyPage } from '../../client/report/history-page.js';
import { sparkline, trendsOf } from '../../core/drills/history.js';
import type { DrillRecord } from '../../core/drills/record.js';
import { aRecord } from '../support/drills.js';

const EVIL = '"><script>alert(1)</script><img src=x onerror=1>';

const withRto = (day: number, seconds: number): DrillRecord => {
  const record = aRecord({ drill: `d${day}`, startedAt: 1_700_000_000_000 + day * 86_400_000 });
  const hypotheses = record.hypotheses.map((one) =>
    one.name === 'producerRtoSeconds' ? { ...one, measured: seconds } : one,
  );
  return { ...record, hypotheses };
};

test('the page of a drill has timeline, verdict and ledger, asks for nothing, and runs nothing', async () => {
  const html = await drillPage(aRecord());
  // Three of time and one of the cluster, each for screens and for phones.
  assert.equal(html.match(/<svg /g)?.length, 8);
  for (const part of ['RTO 1.4 s', 'stop a1', 'every hypothesis held', '2100']) assert.ok(html.includes(part), part);
  assert.doesNotMatch(html, /<script|<link|<img|url\((?!#)|#0101|\b(?:src|href)=/);
});

test('whatever stands in a record is text on the page', async () => {
  const record = aRecord({ reason: EVIL, startedBy: EVIL, cluster: EVIL });
  const injections = record.injections.map((one) => ({ ...one, targets: [EVIL], detail: EVIL }));
  assert.doesNotMatch(await drillPage({ ...record, injections }), /<script|<img/);
});

test('a drill without ledger and samples has a page as well', async () => {
  const html = await drillPage(aRecord({ ledger: null, samples: [], injections: [], verdict: 'inconclusive' }));
  assert.match(html, /Nothing was broken/);
});

test('a row that holds several seconds is drawn with the rate of each of them', async () => {
  const record = aRecord();
  const inPairs = (seconds: NonNullable<DrillRecord['ledger']>['flows'][number]['seconds']) =>
    seconds
      .filter((_, index) => index % 2 === 0)
      .map((row) => ({ ...row, acknowledged: 2 * row.acknowledged, delivered: 2 * row.delivered }));
  const flows = record.ledger?.flows.map((flow) => ({ ...flow, seconds: inPairs(flow.seconds) })) ?? [];
  const thinned = { ...record, ledger: record.ledger === null ? null : { ...record.ledger, flows } };
  assert.match(await drillPage(thinned), />120<|>100</);
  assert.doesNotMatch(await drillPage(thinned), />200<|>250</);
});

test('the history of a cluster has every drill, also those that measured nothing, and says when there is none', async () => {
  const measured = [1, 2, 3].map((day) => withRto(day, 1.5));
  const none = { ledger: null, hypotheses: [], injections: [], samples: [] };
  const late = aRecord({ drill: 'busy', startedAt: 1_700_500_000_000, verdict: 'skipped', reason: EVIL, ...none });
  const html = await historyPage('test', trendsOf([...measured, late]));
  for (const drill of ['d1', 'd2', 'd3', 'busy']) assert.ok(html.includes(`<code>${drill}</code>`), drill);
  assert.doesNotMatch(html, /<script|<link|<img|url\((?!#)|#0101/);
  assert.doesNotMatch(await historyPage('test', trendsOf([withRto(1, 1.5)])), /<svg/);
  assert.match(await historyPage(EVIL, []), /No drill of this cluster has left a record/);
});

test('a drill that was clearly slower than the median is pointed out, in words and on the page', async () => {
  const slower = trendsOf([withRto(1, 1.5), withRto(2, 1.6), withRto(3, 1.4), withRto(4, 4.5)]);
  assert.match(slower[0]?.regression ?? '', /4\.5 s is 3\.0 times the median of 1\.5 s/);
  assert.match(await historyPage('test', slower), /Regression: the last RTO/);
  const usual = trendsOf([withRto(1, 1.5), withRto(2, 1.6), withRto(3, 1.4), withRto(4, 1.7)]);
  assert.equal(usual[0]?.regression, null);
});

test('drills that no longer pass are pointed out for as long as none does', () => {
  const passed = withRto(1, 1.5);
  const failed = (day: number) => ({ ...withRto(day, 9), verdict: 'failed' as const, reason: `2 lost on day ${day}` });
  const regression = (...records: DrillRecord[]) => trendsOf(records)[0]?.regression ?? null;
  assert.match(
    regression(passed, failed(2)) ?? '',
    /the last drill is failed, the one before it passed: 2 lost on day 2/,
  );
  assert.match(
    regression(passed, failed(2), failed(3), failed(4)) ?? '',
    /none of the last 3 drills passed; the last is failed: 2 lost on day 4/,
  );
  assert.equal(regression(passed, failed(2), withRto(3, 1.5)), null);
  assert.equal(regression(failed(1), failed(2)), null);
});

test('values are drawn as bars, a dot where nothing was measured', () => {
  assert.equal(sparkline([0, 1, null, 2]), '▁▅·█');
});
