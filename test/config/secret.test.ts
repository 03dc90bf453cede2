import { format, inspect } from 'node:util';
import { expect, test } from 'vitest';
import { Secret } from '../../src/config/secret.ts';

test('a secret shows itself to nobody who does not ask for it', () => {
  const secret = new Secret('hunter2');
  const printed = [`${secret}`, JSON.stringify({ secret }), inspect({ secret }), String(secret)];
  expect(printed.join()).not.toContain('hunter2');
  expect(secret.reveal()).toBe('hunter2');
});

test('nor does a copy of it, or whatever holds it', () => {
  const secret = new Secret('hunter2');
  const holders = [
    structuredClone({ secret: { ...secret } }),
    { ...secret },
    Object.assign({}, secret),
    Object.entries(secret),
    Reflect.ownKeys(secret).map(String),
    new Map([[secret, secret]]),
    new Error('x', { cause: secret }),
  ];
  const printed = holders.map((holder) => [
    inspect(holder, { depth: 9, showHidden: true, customInspect: false, getters: true }),
    inspect(holder, { depth: 9, showHidden: true }),
    format('%s %o %O %j', holder, holder, holder, holder),
  ]);
  const texts = [
    `${secret}`,
    'a key: '.concat(secret as never),
    format('%s %o %O %j', secret, secret, secret, secret),
    inspect(secret, { showHidden: true, customInspect: false }),
    JSON.stringify([secret]),
    [secret].join(),
    String(secret.valueOf()),
  ];
  expect([...printed.flat(), ...texts].join('\n')).not.toContain('hunter2');
  expect(() => structuredClone(secret)).not.toThrow();
  expect(inspect(structuredClone(secret))).not.toContain('hunter2');
});
