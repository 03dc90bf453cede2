import { expect, test } from 'vitest';
import { feedSize, RequestFeed } from '../../src/admin/request-feed.ts';
import { makeRequest } from '../support/make-event.ts';

test('holds the last 200 requests, oldest first', () => {
  const feed = new RequestFeed();
  expect(feed.since(0)).toEqual([]);
  for (let i = 1; i <= feedSize + 50; i += 1) feed.add(makeRequest({ status: i }), 0);
  const all = feed.since(0);
  expect(all).toHaveLength(feedSize);
  expect([all[0]?.number, all.at(-1)?.number]).toEqual([51, feedSize + 50]);
  expect(all.map(({ number }) => number)).toEqual(all.map(({ status }) => status));
});

test('tells only what came after what somebody has read', () => {
  const feed = new RequestFeed();
  for (let i = 0; i < 5; i += 1) feed.add(makeRequest(), 0);
  expect(feed.since(3).map(({ number }) => number)).toEqual([4, 5]);
  expect(feed.since(feed.last)).toEqual([]);
});

test('a path is cut to a bearable length, and a session id in it is not told', () => {
  const feed = new RequestFeed();
  const token = `00D000000000001!${'A'.repeat(40)}`;
  feed.add(
    makeRequest({ path: `/services/${token}/${'x'.repeat(9000)}`, method: 'M'.repeat(99) }),
    0,
  );
  const [request] = feed.since(0);
  expect(request?.path).toMatch(/^\/services\/\[redacted\]\/x+…$/);
  expect(request?.path.length).toBeLessThan(510);
  expect(request?.method).toHaveLength(20);
});
