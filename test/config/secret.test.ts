import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { Secret } from '../../src/config/secret.ts';

test('a secret shows itself to nobody who does not ask for it', () => {
  const secret = new Secret('hunter2');
  const printed = [`${secret}`, JSON.stringify({ secret }), inspect({ secret }), String(secret)];
  expect(printed.join()).not.toContain('hunter2');
  expect(secret.reveal()).toBe('hunter2');
});
