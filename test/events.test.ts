import { expect, test } from 'vitest';
import { ProxyError } from '../src/errors.ts';
import { type Event, fanOut, outcomeOf } from '../src/events.ts';
import { makeRequest } from './support/make-event.ts';
import { waitFor } from './support/wait-for.ts';

const broken = () => {
  throw new Error('disk full');
};

test('requests are gathered, and told in order and before what comes after them', () => {
  const told: Event[] = [];
  const { emit, flush } = fanOut([(event) => told.push(event)]);
  emit(makeRequest({ requestId: '1' }));
  emit(makeRequest({ requestId: '2' }));
  expect(told).toEqual([]);
  emit({ type: 'stopping', signal: 'SIGTERM' });
  emit(makeRequest({ requestId: '3' }));
  flush();
  expect(told.map((event) => ('requestId' in event ? event.requestId : event.type))).toEqual([
    '1',
    '2',
    'stopping',
    '3',
  ]);
});

test('nobody has to ask for what was gathered, and a crowd does not wait', async () => {
  const told: Event[] = [];
  const { emit } = fanOut([(event) => told.push(event)]);
  for (let i = 0; i < 1000; i += 1) emit(makeRequest());
  expect(told.length).toBeGreaterThan(900);
  await waitFor(() => told.length === 1000, 'the last ones');
});

test('a sink that throws keeps no event from the others, and is reported to them', () => {
  const told: Event[] = [];
  const { emit, flush } = fanOut([broken, (event) => told.push(event)]);
  emit(makeRequest());
  flush();
  expect(told.map(({ type }) => type)).toEqual(['bug', 'request']);
});

test('sinks that all throw harm nobody', () => {
  const { emit, flush } = fanOut([broken, broken]);
  emit(makeRequest());
  expect(flush).not.toThrow();
  expect(() => emit({ type: 'bug', error: 1 })).not.toThrow();
});

test.each([
  ['ok', { status: 200 }],
  ['ok', { status: 304 }],
  ['client_error', { status: 404 }],
  ['server_error', { status: 503 }],
  ['cut', { status: 200, cut: true }],
  ['cut', { status: 0, cut: true }],
  ['proxy_error:overloaded', { status: 503, error: new ProxyError('overloaded', 'full') }],
  ['proxy_error:policy_denied', { cut: true, error: new ProxyError('policy_denied', 'no') }],
])('the outcome is %s for %o', (outcome, facts) => {
  expect(outcomeOf(makeRequest(facts))).toBe(outcome);
});
