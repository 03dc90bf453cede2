import { expect, test } from 'vitest';
import { startOrgWithSession } from '../org-fixture.ts';

test('a client shakes hands, subscribes and polls', async () => {
  const { post } = await startOrgWithSession();
  const handshake = await post('/cometd/67.0/handshake', [{ channel: '/meta/handshake', id: '1' }]);
  const [{ clientId, successful }] = handshake.json();
  expect(successful).toBe(true);
  expect(handshake.headers['set-cookie']?.[0]).toMatch(/^BAYEUX_BROWSER=/);
  const subscription = '/event/Test__e';
  const others = await post('/cometd/67.0', [
    { channel: '/meta/subscribe', clientId, subscription },
    { channel: '/meta/connect', clientId, advice: { timeout: 10 } },
  ]);
  expect(others.json()).toMatchObject([
    { channel: '/meta/subscribe', successful: true, subscription },
    { channel: '/meta/connect', successful: true, clientId },
  ]);
});
