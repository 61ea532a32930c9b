import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parseBridges, parseBroker, parseHealth } from '../../../core/health/jolokia-reading.js';

const fixture = (name: string): string =>
  readFileSync(new URL(`../../fixtures/jolokia/${name}.json`, import.meta.url), 'utf8');
const DENIED =
  '{"error_type":"java.lang.Exception","error":"Origin null is not allowed to call this agent","status":403}';
const bridge = {
  RemoteBrokerName: 'brokerB',
  RemoteAddress: 'tcp://x:1',
  CreatedByDuplex: false,
  EnqueueCounter: 5,
  DequeueCounter: 5,
};
const bridgesOf = (value: object): string => JSON.stringify({ status: 200, value });
const bridgeName = (connector: string): string =>
  `org.apache.activemq:brokerName=brokerA,connector=${connector},networkBridge=tcp_//172.18.0.116_61619,networkConnectorName=brokerB,type=Broker`;

test('a broker tells its own name, version and role', () => {
  assert.deepEqual(parseBroker(fixture('broker')), {
    ok: true,
    value: {
      brokerName: 'brokerA',
      version: '5.18.3',
      isSlave: false,
      uptimeMs: 1456,
      storePercentUsage: 0,
      connectors: { openwire: 'tcp://mqbrokerAA:61616?maximumConnections=1000' },
    },
  });
});

test('health is the bean’s word, and null where a broker has no such bean', () => {
  assert.deepEqual(parseHealth(fixture('health')), { ok: true, value: 'Good' });
  assert.deepEqual(parseHealth('{"status":404,"error":"no MBean"}'), { ok: true, value: null });
});

test('no bridge is an empty list, although Jolokia calls it an error', () => {
  assert.deepEqual(parseBridges(fixture('no-bridges')), { ok: true, value: [] });
});

test('bridges of both kinds are told apart by their object names', () => {
  const body = bridgesOf({
    [bridgeName('networkConnectors')]: bridge,
    [bridgeName('duplexNetworkConnectors')]: { ...bridge, CreatedByDuplex: true },
  });
  const parsed = parseBridges(body);
  assert.ok(parsed.ok);
  assert.deepEqual(
    parsed.value.map(({ kind, connector, remoteBroker }) => ({ kind, connector, remoteBroker })),
    [
      { kind: 'networkConnectors', connector: 'brokerB', remoteBroker: 'brokerB' },
      { kind: 'duplexNetworkConnectors', connector: 'brokerB', remoteBroker: 'brokerB' },
    ],
  );
});

test('an error within HTTP 200 is seen', () => {
  assert.deepEqual(parseBroker(DENIED), {
    ok: false,
    status: 403,
    error: 'Origin null is not allowed to call this agent',
  });
});

test('what is not Jolokia’s answer, lacks a field, or speaks of no or two brokers is not read as a broker', () => {
  const one: unknown = JSON.parse(fixture('broker'));
  const bean = (one as { value: Record<string, object> }).value['org.apache.activemq:brokerName=brokerA,type=Broker'];
  const bodies = [
    '<html>login</html>',
    '[]',
    '{"status":404,"error":"none"}',
    JSON.stringify({ status: 200, value: { a: bean, b: bean } }),
    JSON.stringify({ status: 200, value: { a: { ...bean, Slave: 'no' } } }),
    JSON.stringify({ status: 200, value: { a: { ...bean, BrokerName: undefined } } }),
  ];
  for (const body of bodies) assert.equal(parseBroker(body).ok, false, body);
});
