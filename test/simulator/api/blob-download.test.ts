import { once } from 'node:events';
import { request } from 'node:https';
import { expect, onTestFinished, test } from 'vitest';
import { startOrgWithSession } from '../org-fixture.ts';

const blob = '/services/data/v67.0/sobjects/ContentVersion/068000000000001AAA/VersionData';

test('a blob has exactly the size asked for', async () => {
  const { call } = await startOrgWithSession();
  for (const size of [0, 1, 65_536, 200_001]) {
    const answer = await call(`${blob}?size=${size}`);
    expect([answer.body.length, answer.headers['content-length']]).toEqual([size, String(size)]);
  }
  expect((await call(`${blob}?size=-1`)).status).toBe(400);
});

test('a blob of terabytes starts at once, and a client that leaves ends it', async () => {
  const { org, token } = await startOrgWithSession();
  const download = request(`${org.origin}${blob}?size=${2 ** 42}`, {
    ca: org.tls.certPem,
    agent: false,
    headers: { authorization: `Bearer ${token}` },
  });
  onTestFinished(() => {
    download.destroy();
  });
  download.on('error', () => undefined);
  download.end();
  const [response] = await once(download, 'response');
  await once(response, 'readable');
  download.destroy();
  await expect.poll(() => org.control.counts().openConnections).toBe(0);
});
