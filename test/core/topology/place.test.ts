import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { EverbrokerError } from '../../../core/failure.js';
import { hashTopology } from '../../../core/topology/hash.js';
import { addressesOn, chooseSubnet, placeTopology } from '../../../core/topology/place.js';
import { parseTopology } from '../../../core/topology/parse.js';
import { aParsedTopology, arbParsedTopology, parsed } from '../../support/topologies.js';

const from = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i);
const all172 = from(16, 31).map((part) => `172.${part}.0.0/16`);

describe('the subnet that is chosen', () => {
  const rows: [string, string, string[], string[], string][] = [
    ['is the preferred one when it is free', '172.18.0.0/16', ['172.17.0.0/16'], [], '172.18.0.0/16'],
    ['is the next /16 when it is taken', '172.18.0.0/16', ['172.18.0.0/16'], [], '172.19.0.0/16'],
    [
      'is beside larger and smaller networks that are taken',
      '172.18.0.0/16',
      ['172.18.5.0/24', '172.19.0.0/16', '172.20.0.0/14'],
      [],
      '172.24.0.0/16',
    ],
    ['is from 10.x when 172.x is full', '172.18.0.0/16', all172, [], '10.255.0.0/16'],
    ['keeps its size', '172.18.0.0/24', ['172.18.0.0/16'], [], '172.19.0.0/24'],
    [
      'is smaller only when the hosts fit',
      '172.18.0.0/16',
      [...all172, '10.0.0.0/8'],
      ['172.18.0.112'],
      '192.168.0.0/24',
    ],
    ['passes over what is not IPv4', '172.18.0.0/16', ['fd00::/64'], [], '172.18.0.0/16'],
  ];
  for (const [name, preferred, taken, addresses, expected] of rows) {
    test(name, () => assert.equal(chooseSubnet(preferred, taken, addresses), expected));
  }

  test('is refused when none is left, or none in which the hosts keep their last parts', () => {
    const noneLeft = (addresses: string[]) => () => chooseSubnet('172.18.0.0/16', [...all172, '10.0.0.0/8'], addresses);
    for (const addresses of [[], ['172.18.5.112'], ['172.18.0.255']]) {
      assert.throws(noneLeft(addresses), (error) => error instanceof EverbrokerError && error.type === 'SubnetTaken');
    }
  });
});

describe('a topology on another subnet', () => {
  test('keeps the last parts of its addresses', () => {
    const placed = placeTopology(aParsedTopology({ hosts: 2 }), { testnet: '10.255.0.0/16' });
    assert.deepEqual(addressesOn(placed, 'testnet'), ['10.255.0.11', '10.255.0.12']);
    assert.ok(
      Object.values(placed.hosts).every((host) => host.kind === 'docker' && host.network.subnet === '10.255.0.0/16'),
    );
  });

  test('is untouched where its networks are not named', () => {
    const topology = aParsedTopology();
    assert.deepEqual(placeTopology(topology, { other: '10.255.0.0/16' }), topology);
  });

  test('is valid, whatever was taken', () => {
    const taken = fc.subarray([...all172, '10.255.0.0/16', '10.0.0.0/9']);
    fc.assert(
      fc.property(arbParsedTopology, taken, (topology, used) => {
        const subnet = chooseSubnet('172.29.0.0/16', used, addressesOn(topology, 'testnet'));
        parsed(placeTopology(topology, { testnet: subnet }));
        assert.ok(!used.includes(subnet));
      }),
      { numRuns: 50 },
    );
  });
});

describe('the hash of a topology', () => {
  test('is the same for defaults left out and written out, and for keys in another order', () => {
    const topology = aParsedTopology();
    const reversed = Object.fromEntries(Object.entries(topology).toReversed());
    const again = parseTopology(reversed);
    assert.ok(again.ok);
    assert.equal(hashTopology(again.topology), hashTopology(topology));
    assert.match(hashTopology(topology), /^[0-9a-f]{64}$/);
  });

  test('changes with any value, and with the order of hosts, which decides where master copies are', () => {
    const topology = aParsedTopology({ hosts: 2 });
    const hosts = Object.fromEntries(Object.entries(topology.hosts).toReversed());
    const hashes = [topology, { ...topology, name: 'other' }, { ...topology, hosts }].map(hashTopology);
    assert.equal(new Set(hashes).size, 3);
  });
});
