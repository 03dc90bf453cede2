import { expect, test } from 'vitest';
import { Activity } from '../../src/admin/activity.ts';
import { ProxyError } from '../../src/errors.ts';
import { makeRequest } from '../support/make-event.ts';

test('clients are counted by name, the busiest first', () => {
  const activity = new Activity();
  activity.note(makeRequest(), 1);
  activity.note(makeRequest({ client: 'etl', status: 404 }), 2);
  activity.note(makeRequest({ client: 'etl' }), 3);
  expect(activity.clients()).toEqual([
    { name: 'etl', requests: 2, errors: 1, lastAtMs: 3 },
    { name: '-', requests: 1, errors: 0, lastAtMs: 1 },
  ]);
});

test('a refused configuration is remembered until one is taken over', () => {
  const activity = new Activity();
  const error = new ProxyError('config_invalid', 'config.yaml:1:1 no');
  activity.note({ type: 'reload_refused', error }, 5);
  expect(activity.configuration.refused).toEqual({ atMs: 5, message: 'config.yaml:1:1 no' });
  activity.note({ type: 'reloaded', needsRestart: ['listen'] }, 6);
  expect(activity.configuration).toEqual({
    reloadedAtMs: 6,
    needsRestart: ['listen'],
    refused: undefined,
  });
});
