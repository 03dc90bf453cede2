import { expect, test } from 'vitest';
import { TrafficHistory } from '../../src/admin/traffic-history.ts';
import { ProxyError } from '../../src/errors.ts';
import { makeRequest } from '../support/make-event.ts';

const hourMs = 3_600_000;
const startMs = Date.UTC(2026, 0, 1);

test('an hour in steps of ten seconds, the newest last', () => {
  const history = new TrafficHistory();
  history.note(makeRequest(), startMs);
  history.note(makeRequest({ status: 404 }), startMs + 10_000);
  const { time, rates, stepSeconds } = history.series(startMs + 20_000);
  expect(stepSeconds).toBe(10);
  expect(time).toHaveLength(360);
  expect(time.at(-1)).toBe((startMs + 10_000) / 1000);
  expect(rates.ok.slice(-3)).toEqual([0, 0.1, 0]);
  expect(rates.client_error.slice(-3)).toEqual([0, 0, 0.1]);
});

test('every way to end has its own count', () => {
  const history = new TrafficHistory();
  const error = new ProxyError('overloaded', 'full');
  for (const facts of [{}, { status: 400 }, { status: 500 }, { error }, { cut: true }]) {
    history.note(makeRequest(facts), startMs);
  }
  const { rates } = history.series(startMs + 10_000);
  expect(Object.values(rates).map((column) => column.at(-1))).toEqual([0.1, 0.1, 0.1, 0.1, 0.1]);
});

test('what is older than an hour is gone, also where its place was not used again', () => {
  const history = new TrafficHistory();
  history.note(makeRequest(), startMs);
  const { rates, latencyMs } = history.series(startMs + hourMs + 10_000);
  expect(rates.ok.every((rate) => rate === 0)).toBe(true);
  expect(latencyMs.p50.every((ms) => ms === null)).toBe(true);
  history.note(makeRequest(), startMs + hourMs);
  expect(history.series(startMs + hourMs + 10_000).rates.ok.at(-1)).toBe(0.1);
});

test('percentiles are right within a few percent, from under a millisecond to ten minutes', () => {
  const history = new TrafficHistory();
  for (let ms = 1; ms <= 1000; ms += 1) history.note(makeRequest({ durationMs: ms }), startMs);
  const { p50, p95, p99 } = history.summary(startMs + 10_000);
  for (const [found, right] of [
    [p50, 500],
    [p95, 950],
    [p99, 990],
  ] as const) {
    expect(Math.abs((found ?? 0) / right - 1)).toBeLessThan(0.06);
  }
  for (const durationMs of [0.2, 600_000, 9_000_000]) {
    const one = new TrafficHistory();
    one.note(makeRequest({ durationMs }), startMs);
    expect(one.summary(startMs + 10_000).p50).toBeGreaterThan(0);
  }
});

test('a long poll counts as a request, and not as slow', () => {
  const history = new TrafficHistory();
  history.note(makeRequest({ path: '/cometd/67.0/connect', durationMs: 110_000 }), startMs);
  expect(history.summary(startMs + 10_000)).toMatchObject({ perSecond: 1 / 60, p99: null });
});

test('the summary is of the last whole minute', () => {
  const history = new TrafficHistory();
  expect(history.summary(startMs)).toMatchObject({ perSecond: 0, failed: 0, p50: null });
  for (let i = 0; i < 60; i += 1) history.note(makeRequest({ status: i < 6 ? 500 : 200 }), startMs);
  const summary = history.summary(startMs + 10_000);
  expect(summary.perSecond).toBe(1);
  expect(summary.failed).toBeCloseTo(0.1);
  expect(history.summary(startMs + 70_000).perSecond).toBe(0);
});
