/** The oldest version and the default; those between are in rendered-config.long.test.ts. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { RenderedGroup, isMissing, renderedConfig } from '../support/rendered-config.js';
import { aParsedTopology } from '../support/topologies.js';

for (const version of ['5.15.12', '5.18.3']) renderedConfig(version);

describe('without a login on openwire', { skip: isMissing('5.18.3') }, () => {
  let group: RenderedGroup;
  before(async () => {
    const { security } = aParsedTopology();
    group = await RenderedGroup.of('5.18.3', { security: { ...security, openwireLogin: false } });
    group.start('n1');
    await group.untilMaster('n1');
  });
  after(() => group.remove());

  test('gives anonymous clients the rights of clients, and the probe still only its own', () => {
    assert.equal(group.client('n1', { user: 'nobody', queue: 'ORDERS' }), 'hello');
    assert.equal(group.client('n1', { user: 'everbroker-probe', queue: 'EVERBROKER.VERIFY.1' }), 'hello');
    assert.match(group.client('n1', { user: 'everbroker-probe', queue: 'ORDERS' }), /refused: .*not authorized/);
  });

  test('still asks for the login on the console', async () => {
    assert.equal((await fetch(group.url('n1', '/api/jolokia/version'))).status, 401);
  });
});
