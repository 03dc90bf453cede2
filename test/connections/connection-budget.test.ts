import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { ConnectionBudget } from '../../src/connections/connection-budget.ts';
import type { OpenSocket } from '../../src/connections/upstream-socket.ts';
import { ProxyError } from '../../src/errors.ts';
import { waitFor } from '../support/wait-for.ts';

const address = { protocol: 'https:', hostname: 'a.example', port: '' };

function start(maxConnections: number, connectTimeoutMs = 10_000) {
  const opening: Parameters<OpenSocket>[1][] = [];
  const outcomes: (Socket | Error)[] = [];
  let timesShort = 0;
  const budget = new ConnectionBudget({
    openSocket: (_address, opened) => opening.push(opened),
    maxConnections,
    connectTimeoutMs,
    onShort: () => {
      timesShort += 1;
    },
  });
  return {
    opening,
    outcomes,
    budget,
    timesShort: () => timesShort,
    open: () => budget.openSocket(address, (error, socket) => outcomes.push(error ?? socket)),
  };
}

test('beyond the bound nothing is opened until a connection has closed', async () => {
  const { budget, timesShort, open, opening, outcomes } = start(2);
  for (let i = 0; i < 2; i += 1) open();
  expect([budget.isShort, timesShort()]).toEqual([false, 0]);
  open();
  expect([budget.isShort, timesShort()]).toEqual([true, 1]);
  expect(opening).toHaveLength(2);
  const socket = new Socket();
  opening[0]?.(null, socket);
  expect(opening).toHaveLength(2);
  socket.destroy();
  await waitFor(() => opening.length === 3, 'the third');
  expect(budget.isShort).toBe(false);
  expect(outcomes).toEqual([socket]);
});

test('a connection that could not be opened counts no more', () => {
  const { open, opening, outcomes } = start(1);
  open();
  open();
  expect(opening).toHaveLength(1);
  opening[0]?.(new Error('refused'), null);
  expect(opening).toHaveLength(2);
  expect(outcomes).toEqual([new Error('refused')]);
});

test('who waits longer than connect_timeout gives up, and opens nothing later', async () => {
  const { open, opening, outcomes } = start(1, 20);
  open();
  open();
  await waitFor(() => outcomes.length === 1, 'the end of the wait');
  const [error] = outcomes;
  expect(error).toBeInstanceOf(ProxyError);
  expect(error).toMatchObject({ code: 'upstream_timeout', requestMayHaveArrived: false });
  opening[0]?.(new Error('refused'), null);
  expect(opening).toHaveLength(1);
});
