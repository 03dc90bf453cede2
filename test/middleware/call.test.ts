import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { Call } from '../../src/middleware/call.ts';

function newCall(): Call {
  const incoming = new IncomingMessage(new Socket());
  const outgoing = new ServerResponse(incoming);
  return new Call({ incoming, outgoing, listenerOrg: undefined, isUnixSocket: false });
}

test('what is to happen when a call is over happens once, the last that was added first', () => {
  const call = newCall();
  const happened: string[] = [];
  for (const name of ['told', 'place free']) call.whenOver(() => happened.push(name));
  call.handled();
  expect(happened).toEqual([]);
  call.closed();
  call.closed();
  expect(happened).toEqual(['place free', 'told']);
});

test('its place is free, though it cannot be told', () => {
  const call = newCall();
  let isFree = false;
  call.whenOver(() => {
    throw new RangeError('not told');
  });
  call.whenOver(() => {
    isFree = true;
  });
  call.closed();
  expect(() => call.handled()).toThrow(RangeError);
  expect(isFree).toBe(true);
});
