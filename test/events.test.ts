import { expect, test } from 'vitest';
import { ProxyError } from '../src/errors.ts';
import { type Event, fanOut, outcomeOf } from '../src/events.ts';
import { makeRequest } from './support/make-event.ts';

const broken = () => {
  throw new Error('disk full');
};

test('a sink that throws keeps no event from the others, and is reported to them', () => {
  const told: Event[] = [];
  const emit = fanOut([broken, (event) => told.push(event)]);
  emit(makeRequest());
  expect(told.map(({ type }) => type)).toEqual(['bug', 'request']);
});

test('sinks that all throw harm nobody', () => {
  const emit = fanOut([broken, broken]);
  expect(() => emit(makeRequest())).not.toThrow();
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
