import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { startOrgWithSession } from '../org-fixture.ts';

test('the echo tells method, raw target, headers and the digest of the body, never the session', async () => {
  const { token, call } = await startOrgWithSession();
  const body = Buffer.alloc(3_000_000, 'x');
  const answer = await call('/services/apexrest/echo/a%2Fb?q=%20+', { method: 'PUT', body });
  expect(answer.body).not.toContain(token);
  expect(answer.json()).toMatchObject({
    method: 'PUT',
    path: '/services/apexrest/echo/a%2Fb?q=%20+',
    headers: { authorization: 'Bearer <session>' },
    username: 'integration@example.com',
    bodyLength: body.length,
    bodySha256: createHash('sha256').update(body).digest('hex'),
  });
});

test('the echo answers with the status asked for', async () => {
  const { call } = await startOrgWithSession();
  expect(await call('/services/apexrest/echo?status=503&delayMs=1')).toMatchObject({
    status: 503,
    reason: 'Service Unavailable',
  });
});
