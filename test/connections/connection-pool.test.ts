// Connections to one instance on real sockets: who gets which, what ends them, and that none is lost or used twice.
import { once } from 'node:events';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { queryObjects } from 'node:v8';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { MalformedAnswer } from '../../src/connections/answer-head.ts';
import { ConnectionPool } from '../../src/connections/connection-pool.ts';
import {
  ConnectionLost,
  type Exchange,
  type InstanceConnection,
} from '../../src/connections/instance-connection.ts';
import { Upstream } from '../../src/connections/upstream.ts';
import { createOpenSocket, type OpenSocket } from '../../src/connections/upstream-socket.ts';
import { processWarnings } from '../support/process-warnings.ts';
import {
  answering,
  type OnRequest,
  ok,
  type RawUpstream,
  startRawUpstream,
} from '../support/raw-upstream.ts';
import { letTimePass, stopClock } from '../support/test-clock.ts';
import { waitFor } from '../support/wait-for.ts';

class TestExchange implements Exchange {
  readonly method = 'GET';
  readonly head: string;
  readonly body: Buffer;
  /** Whoever asked has left. */
  hasLeft = false;
  connection: InstanceConnection | undefined;
  sent = 0;
  status: number | undefined;
  text = '';
  error: Error | undefined;
  ended = false;
  isRepeatable = true;

  constructor(target: string, body: Buffer = Buffer.alloc(0)) {
    const length = body.length > 0 ? `content-length: ${body.length}\r\n` : '';
    this.head = `GET ${target} HTTP/1.1\r\nhost: localhost\r\n${length}\r\n`;
    this.body = body;
  }

  get isOver(): boolean {
    return this.hasLeft || this.isSettled;
  }

  get isSettled(): boolean {
    return this.ended || this.error !== undefined;
  }

  /** The answer, or why there is none. */
  get outcome(): string | undefined {
    return this.error ? this.error.constructor.name : this.ended ? this.text : undefined;
  }

  onConnection(connection: InstanceConnection): void {
    this.connection = connection;
    this.sent += 1;
  }

  onInformation(): void {}

  onHead({ status }: { readonly status: number }): void {
    this.status = status;
  }

  onBody(bytes: Buffer): void {
    this.text += bytes.toString('latin1');
  }

  onEnd(): void {
    expect(this.isSettled).toBe(false);
    this.ended = true;
  }

  onError(error: Error): void {
    expect(this.isSettled).toBe(false);
    this.error = error;
  }
}

const plainSocket = createOpenSocket({
  connectTimeoutMs: 10_000,
  authorities: undefined,
  proxy: undefined,
  mustBePublic: () => false,
});

interface StartOptions {
  readonly onRequest?: OnRequest;
  readonly maxConnections?: number;
  readonly responseTimeoutMs?: number;
  readonly openSocket?: OpenSocket;
}

async function start(options: StartOptions = {}) {
  const { maxConnections = 4, responseTimeoutMs = 60_000, openSocket = plainSocket } = options;
  const upstream = await startRawUpstream({ onRequest: options.onRequest ?? answerByTarget });
  const sockets: Socket[] = [];
  let timesEmpty = 0;
  const pool = new ConnectionPool(upstream.url, {
    budget: {
      isShort: false,
      openSocket: (address, opened) =>
        openSocket(address, (...outcome) => {
          if (outcome[1]) sockets.push(outcome[1]);
          opened(...outcome);
        }),
    },
    maxConnections,
    responseTimeoutMs,
    onEmpty: () => {
      timesEmpty += 1;
    },
  });
  onTestFinished(() => pool.destroy());
  const send = (target = '/', body?: Buffer, isRepeatable = true): TestExchange => {
    const exchange = new TestExchange(target, body);
    exchange.isRepeatable = isRepeatable;
    pool.send(exchange);
    return exchange;
  };
  return { upstream, pool, sockets, send, timesEmpty: () => timesEmpty };
}

const answerByTarget: OnRequest = (request, connection) => {
  void request.completed.then(() => connection.write(ok(request.target)));
};

async function settled(...exchanges: TestExchange[]): Promise<(string | undefined)[]> {
  await waitFor(() => exchanges.every(({ isSettled }) => isSettled), 'all outcomes');
  return exchanges.map(({ outcome }) => outcome);
}

/** Openings stand still until they are let go. */
function gate(): { openSocket: OpenSocket; held: (() => void)[]; open: () => void } {
  const held: (() => void)[] = [];
  let isOpen = false;
  return {
    held,
    openSocket: (address, opened) => {
      const go = () => plainSocket(address, opened);
      if (isOpen) go();
      else held.push(go);
    },
    open: () => {
      isOpen = true;
      for (const go of held.splice(0)) go();
    },
  };
}

/** Whoever asked has left. */
function leave(pool: ConnectionPool, exchange: TestExchange): void {
  exchange.hasLeft = true;
  pool.forget(exchange);
}

/** With a connection that was opened for one who had left by then. */
async function startWithUnused() {
  const { openSocket, open, held } = gate();
  const started = await start({ openSocket });
  const leaving = started.send('/leaving');
  await waitFor(() => held.length === 1, 'an opening');
  leave(started.pool, leaving);
  open();
  await waitFor(() => started.sockets.length === 1, 'a connection');
  return { ...started, leaving };
}

/** Of the connection that the server saw as this one. */
const serverSide = ({ connections }: RawUpstream, index = 0) => {
  const connection = connections[index];
  if (!connection) throw new Error(`there is no connection ${index}`);
  return connection;
};

describe('the line', () => {
  test('requests over max_connections are sent in the order in which they came', async () => {
    const { upstream, send } = await start({ maxConnections: 1 });
    const targets = Array.from({ length: 50 }, (_, i) => `/${i}`);
    expect(await settled(...targets.map((target) => send(target)))).toEqual(targets);
    expect(upstream.requests().map(({ target }) => target)).toEqual(targets);
    expect(upstream.connections).toHaveLength(1);
  });

  test('there are never more connections than that, and each request gets its own answer', async () => {
    const { upstream, send } = await start({ maxConnections: 3 });
    const targets = Array.from({ length: 60 }, (_, i) => `/${i}`);
    expect(await settled(...targets.map((target) => send(target)))).toEqual(targets);
    expect(upstream.connections).toHaveLength(3);
  });

  test('those that are still opening count', async () => {
    const { openSocket, open, held } = gate();
    const { upstream, send } = await start({ openSocket, maxConnections: 2 });
    const first = [send('/0'), send('/1'), send('/2')];
    await waitFor(() => held.length === 2, 'two openings');
    const more = [send('/3'), send('/4')];
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    expect(held).toHaveLength(2);
    open();
    expect(await settled(...first, ...more)).toEqual(['/0', '/1', '/2', '/3', '/4']);
    expect(upstream.connections).toHaveLength(2);
  });

  test('whoever leaves while it waits is skipped', async () => {
    const { pool, upstream, send } = await start({ maxConnections: 1, onRequest: () => {} });
    const first = send('/first');
    await upstream.request();
    const [leaving, leavingToo, staying] = [send('/leaving'), send('/leaving'), send('/staying')];
    leave(pool, leaving);
    leave(pool, leavingToo);
    upstream.onRequest(answerByTarget);
    serverSide(upstream).write(ok('first'));
    expect(await settled(first, staying)).toEqual(['first', '/staying']);
    expect(upstream.requests().map(({ target }) => target)).toEqual(['/first', '/staying']);
    expect(leaving.sent + leavingToo.sent).toBe(0);
  });

  test('whoever has left is forgotten at once, though another stands before it', async () => {
    const { pool, upstream, send } = await start({ maxConnections: 1, onRequest: () => {} });
    send('/first');
    await upstream.request();
    send('/head of the line');
    class Leaving extends TestExchange {}
    const leaving = Array.from({ length: 10 }, () => new Leaving('/leaving'));
    for (const exchange of leaving) pool.send(exchange);
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    for (const exchange of leaving.splice(0)) leave(pool, exchange);
    // The last may stand in a register of this function.
    expect(queryObjects(Leaving, { format: 'count' })).toBeLessThan(2);
  });

  test('when all who waited have left, the next one is sent', async () => {
    const { pool, upstream, send } = await start({ maxConnections: 1, onRequest: () => {} });
    const first = send('/first');
    await upstream.request();
    const leaving = [send('/leaving'), send('/leaving')];
    for (const exchange of leaving) leave(pool, exchange);
    serverSide(upstream).write(ok('first'));
    expect(await settled(first)).toEqual(['first']);
    upstream.onRequest(answerByTarget);
    expect(await settled(send('/next'))).toEqual(['/next']);
    expect(upstream.connections).toHaveLength(1);
  });

  test('one that is aborted in the middle frees its place', async () => {
    const { upstream, send } = await start({
      maxConnections: 1,
      onRequest: (_request, connection) =>
        connection.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart'),
    });
    const first = send('/first');
    const next = send('/next');
    await waitFor(() => first.text === 'part', 'the beginning');
    upstream.onRequest(answerByTarget);
    first.connection?.abort(new RangeError('the client left'));
    expect(await settled(first, next)).toEqual(['RangeError', '/next']);
    expect(serverSide(upstream).requests).toHaveLength(1);
  });

  test('a connection that was opened for one who has left is kept for the next', async () => {
    const { upstream, send, leaving } = await startWithUnused();
    expect(await settled(send('/next'))).toEqual(['/next']);
    expect(leaving.sent).toBe(0);
    expect(upstream.connections).toHaveLength(1);
  });

  test("an opening whose request has left is not waited for, and its failure is nobody's", async () => {
    const failures: (() => void)[] = [];
    const openSocket: OpenSocket = (address, opened) => {
      if (failures.length === 0) failures.push(() => opened(new RangeError('stuck'), null));
      else plainSocket(address, opened);
    };
    const { pool, send } = await start({ openSocket });
    const leaving = send('/leaving');
    await waitFor(() => failures.length === 1, 'an opening');
    leave(pool, leaving);
    expect(await settled(send('/next'))).toEqual(['/next']);
    failures[0]?.();
    expect(await settled(send('/last'))).toEqual(['/last']);
    expect(leaving.error).toBeUndefined();
  });

  test('an opening that fails does so for the request that it was for, and not for who is first by then', async () => {
    const failures: (() => void)[] = [];
    const openSocket: OpenSocket = (address, opened) => {
      if (failures.length === 0 && upstream.connections.length === 1) {
        failures.push(() => opened(new RangeError('stuck'), null));
      } else plainSocket(address, opened);
    };
    const { upstream, send } = await start({ openSocket, maxConnections: 2, onRequest: () => {} });
    const first = send('/first');
    await upstream.request(0);
    const second = send('/second');
    await waitFor(() => failures.length === 1, 'an opening');
    serverSide(upstream).write(ok('first'));
    expect(await settled(first)).toEqual(['first']);
    // The second has got the connection of the first. What comes now counts on the opening.
    await upstream.request(1);
    const third = send('/third');
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    upstream.onRequest(answerByTarget);
    failures[0]?.();
    expect(await settled(third)).toEqual(['/third']);
    serverSide(upstream).write(ok('second'));
    expect(await settled(second)).toEqual(['second']);
  });

  test('an opening that fails fails one request, and the others have theirs', async () => {
    let openings = 0;
    const openSocket: OpenSocket = (address, opened) => {
      openings += 1;
      if (openings === 2) setImmediate(opened, new RangeError('refused'), null);
      else plainSocket(address, opened);
    };
    const { send } = await start({ openSocket, maxConnections: 2 });
    const outcomes = await settled(...['/0', '/1', '/2', '/3'].map((target) => send(target)));
    expect(outcomes.filter((outcome) => outcome === 'RangeError')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome?.startsWith('/'))).toHaveLength(3);
  });
});

describe('an idle connection', () => {
  async function startIdle(answer = ok('first')) {
    const started = await start({ onRequest: answering(answer) });
    expect(await settled(started.send())).toEqual(['first']);
    started.upstream.onRequest(answerByTarget);
    return started;
  }

  test('that upstream has ended is noticed, and the next request has a new one', async () => {
    const { upstream, sockets, send } = await startIdle();
    serverSide(upstream).end();
    await waitFor(() => sockets[0]?.destroyed === true, 'its end');
    expect(await settled(send('/next'))).toEqual(['/next']);
    expect(upstream.connections).toHaveLength(2);
  });

  test('on which bytes come that nobody asked for is ended', async () => {
    const { upstream, sockets, send } = await startIdle();
    serverSide(upstream).write(ok('poison'));
    await waitFor(() => sockets[0]?.destroyed === true, 'its end');
    expect(await settled(send('/next'))).toEqual(['/next']);
  });

  test('is closed to make room; one that has ended already makes none', async () => {
    const { pool, upstream, send, sockets } = await start({ onRequest: () => {} });
    const exchanges = [send('/a'), send('/b')];
    await upstream.request(1);
    for (const [at, connection] of upstream.connections.entries()) {
      connection.write(ok('answer'));
      await waitFor(() => exchanges.filter((one) => one.isSettled).length === at + 1, 'the answer');
    }
    // The one that has been idle for the longest time.
    serverSide(upstream).end();
    await waitFor(() => sockets.some(({ destroyed }) => destroyed), 'its end');
    expect([pool.closeIdle(), pool.closeIdle()]).toEqual([true, false]);
    await waitFor(() => upstream.openConnections() === 0, 'the end of both');
  });

  test('that ends in the turn of the next request: the pool is not empty meanwhile', async () => {
    const { sockets, send, timesEmpty } = await startIdle();
    const next = new Promise<TestExchange>((resolve) => {
      sockets[0]?.once('close', () => resolve(send('/next')));
    });
    sockets[0]?.destroy();
    expect(await settled(await next)).toEqual(['/next']);
    expect(timesEmpty()).toBe(0);
  });

  // CVE-2026-6733: who speaks on an idle connection has its words taken for the answer to the next request.
  test.each<[phase: string, run: (work: () => void, upstream: RawUpstream) => void]>([
    ['a timer', (work) => setTimeout(work, 0)],
    ['an immediate', (work) => setImmediate(work)],
  ])(
    'what it has said before a request that comes in %s is no answer to that',
    async (_phase, run) => {
      const { upstream, sockets, send } = await startIdle();
      const other = await plainSocketTo(upstream);
      await waitFor(() => upstream.connections.length === 2, 'the other socket');
      let next: TestExchange | undefined;
      run(() => {
        serverSide(upstream).write(ok('poison'));
        // So long the kernel may take to bring the bytes.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
        next = send('/next');
      }, upstream);
      other.write('!');
      await waitFor(() => next !== undefined, 'a request');
      expect(await settled(next as TestExchange)).toEqual(['/next']);
      expect(sockets[0]?.destroyed).toBe(true);
    },
  );

  test.each<[idleMs: number, isRepeatable: boolean, isUsed: boolean]>([
    [3500, true, true],
    [3500, false, true],
    // Upstream may be about to close it: then only what can be sent again is sent over it.
    [4500, true, true],
    [4500, false, false],
    [14_500, true, true],
    [15_500, true, false],
  ])(
    'of which upstream has not said how long it keeps it: after %d ms, a request that can be sent again (%s) uses it: %s',
    async (idleMs, isRepeatable, isUsed) => {
      stopClock();
      const { upstream, send } = await startIdle();
      letTimePass(idleMs);
      const next = send('/next', undefined, isRepeatable);
      expect(await settled(next)).toEqual(['/next']);
      expect(upstream.connections).toHaveLength(isUsed ? 1 : 2);
    },
  );

  test('whose answer had to wait for its reader is not sure: upstream has been idle for longer', async () => {
    const { upstream, send } = await start({
      onRequest: (_request, connection) =>
        connection.write('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npart'),
    });
    const slow = send('/slow');
    await waitFor(() => slow.text === 'part', 'the beginning');
    slow.connection?.pause();
    serverSide(upstream).write('rest');
    slow.connection?.resume();
    expect(await settled(slow)).toEqual(['partrest']);
    upstream.onRequest(answerByTarget);
    expect(await settled(send('/post', undefined, false))).toEqual(['/post']);
    expect(upstream.connections.map(({ requests }) => requests.length)).toEqual([1, 1]);
  });

  describe('that is not sure to be there still', () => {
    /** So many, each of which has served one request. */
    async function startUnsure(count: number, maxConnections: number) {
      const started = await start({ maxConnections });
      await settled(...Array.from({ length: count }, () => started.send()));
      expect(started.upstream.connections).toHaveLength(count);
      letTimePass(4500);
      return started;
    }

    test('stays for requests that can be sent again, when one comes that cannot', async () => {
      const { upstream, send } = await startUnsure(3, 4);
      const post = send('/post', undefined, false);
      const gets = ['/0', '/1', '/2'].map((target) => send(target));
      expect(await settled(post, ...gets)).toEqual(['/post', '/0', '/1', '/2']);
      expect(upstream.connections.map(({ requests }) => requests.length)).toEqual([2, 2, 2, 1]);
      expect(upstream.openConnections()).toBe(4);
    });

    test('makes room for one that cannot be sent again, and no more of it than that', async () => {
      const { upstream, send } = await startUnsure(3, 3);
      const posts = ['/a', '/b'].map((target) => send(target, undefined, false));
      const gets = ['/0', '/1', '/2'].map((target) => send(target));
      expect(await settled(...posts, ...gets)).toEqual(['/a', '/b', '/0', '/1', '/2']);
      expect(upstream.connections.length).toBeLessThanOrEqual(5);
      expect(upstream.openConnections()).toBe(3);
    });
  });

  test('is used no more once its time is over, though nobody has cleared it away yet', async () => {
    const { upstream, send } = await startIdle(ok('first', 'Keep-Alive: timeout=3\r\n'));
    // Upstream keeps it for 3 s, and we for 2.
    letTimePass(2500);
    expect(await settled(send('/next'))).toEqual(['/next']);
    expect(upstream.connections).toHaveLength(2);
  });

  test('is closed when its time is over', async () => {
    const { upstream, timesEmpty } = await startIdle(ok('first', 'Keep-Alive: timeout=2\r\n'));
    await waitFor(() => upstream.openConnections() === 0, 'its end');
    await waitFor(() => timesEmpty() > 0, 'the end of the pool');
  });
});

/** A socket that has nothing to do with the pool. */
async function plainSocketTo({ port }: RawUpstream): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  plainSocket({ protocol: 'http:', hostname: '127.0.0.1', port: String(port) }, (error, socket) => {
    if (error) reject(error);
    else resolve(socket);
  });
  const socket = await promise;
  socket.on('error', () => {});
  onTestFinished(() => {
    socket.destroy();
  });
  return socket;
}

describe('a connection that is lost may have been closed before the request came', () => {
  const cut: OnRequest = (_request, connection) => connection.end();
  const speakThenCut: OnRequest = (_request, connection) => connection.end('HTTP/1.1 200');
  const interimThenCut: OnRequest = (_request, connection) =>
    connection.end('HTTP/1.1 103 Hints\r\n\r\n');

  test.each<[when: string, serves: boolean, then: OnRequest, mayHaveBeenStale: boolean]>([
    ['where it had served', true, cut, true],
    ['not where it is new', false, cut, false],
    ['not where a part of an answer has come', true, speakThenCut, false],
    ['not where an interim answer has come', true, interimThenCut, false],
  ])('%s', async (_when, serves, then, mayHaveBeenStale) => {
    const { upstream, send } = await start();
    if (serves) await settled(send());
    upstream.onRequest(then);
    const lost = send();
    await settled(lost);
    expect(lost.error).toBeInstanceOf(ConnectionLost);
    expect(lost.error).toMatchObject({ mayHaveBeenStale });
    expect(upstream.connections).toHaveLength(1);
  });

  test('where it was kept idle without having served', async () => {
    const { upstream, send } = await startWithUnused();
    upstream.onRequest(cut);
    const lost = send();
    await settled(lost);
    expect(lost.error).toMatchObject({ mayHaveBeenStale: true });
  });
});

test('what is no answer ends the connection with the request', async () => {
  const { upstream, send } = await start({ onRequest: answering('HTTP/1.1 2000 OK\r\n\r\n') });
  const refused = send();
  await settled(refused);
  expect(refused.error).toBeInstanceOf(MalformedAnswer);
  await waitFor(() => upstream.openConnections() === 0, 'its end');
});

test('upstream that is silent for responseTimeoutMs is let go, and its place is free', async () => {
  stopClock();
  const { upstream, send } = await start({
    maxConnections: 1,
    responseTimeoutMs: 500,
    onRequest: (request, connection) => {
      if (request.target === '/next') connection.write(ok('next'));
    },
  });
  const [silent, next] = [send('/silent'), send('/next')];
  await upstream.request();
  letTimePass(501);
  await settled(silent, next);
  expect(silent.error).toMatchObject({ code: 'upstream_timeout', requestMayHaveArrived: true });
  expect(next.outcome).toBe('next');
  await waitFor(() => serverSide(upstream).closed, 'the end of the silent one');
});

describe('an answer that comes before its request was taken', () => {
  const size = 30_000_000;

  function startEarly({ headers = '', responseTimeoutMs = 60_000 } = {}) {
    return start({
      maxConnections: 2,
      responseTimeoutMs,
      onRequest: (request, connection) => {
        if (request.target !== '/upload') {
          connection.write(ok(request.target));
          return;
        }
        connection.socket.pause();
        connection.write(ok('early', headers));
      },
    });
  }

  test('is the answer; its connection serves again when the request has gone, and not before', async () => {
    const { upstream, send } = await startEarly();
    expect(await settled(send('/upload', Buffer.alloc(size)))).toEqual(['early']);
    expect(await settled(send('/meanwhile'))).toEqual(['/meanwhile']);
    expect(upstream.connections).toHaveLength(2);
    upstream.onRequest((request, connection) => {
      if (request.target === '/holding') return;
      connection.write(ok(request.target));
    });
    send('/holding');
    await upstream.request(2);
    serverSide(upstream).socket.resume();
    await waitFor(() => upstream.requests()[0]?.isComplete === true, 'the rest of the upload');
    expect(await settled(send('/next'))).toEqual(['/next']);
    expect(upstream.requests()[0]?.bodyLength).toBe(size);
    expect(serverSide(upstream).requests.map(({ target }) => target)).toEqual(['/upload', '/next']);
  });

  test('its connection is closed, though the head never leaves', async () => {
    let use: (() => void) | undefined;
    const { upstream, pool, sockets, send } = await start({
      openSocket: (address, opened) =>
        plainSocket(address, (...outcome) => {
          use = () => opened(...outcome);
        }),
    });
    const early = send(`/${'x'.repeat(size)}`);
    await waitFor(() => use !== undefined && upstream.connections.length === 1, 'the connection');
    serverSide(upstream).socket.pause();
    use?.();
    serverSide(upstream).write(ok('early'));
    expect(await settled(early)).toEqual(['early']);
    expect(pool.closeIdle()).toBe(true);
    await waitFor(() => sockets[0]?.destroyed === true, 'its end');
  });

  test('with `Connection: close` ends it', async () => {
    const { upstream, sockets, send } = await startEarly({ headers: 'Connection: close\r\n' });
    expect(await settled(send('/upload', Buffer.alloc(size)))).toEqual(['early']);
    await waitFor(() => sockets[0]?.destroyed === true, 'its end');
    expect(await settled(send('/next'))).toEqual(['/next']);
    expect(upstream.connections).toHaveLength(2);
  });

  test('and that is never taken is given up after responseTimeoutMs', async () => {
    stopClock();
    const { sockets, send } = await startEarly({ responseTimeoutMs: 300 });
    expect(await settled(send('/upload', Buffer.alloc(size)))).toEqual(['early']);
    letTimePass(301);
    await waitFor(() => sockets[0]?.destroyed === true, 'its end');
  });
});

describe('on a connection that has served nobody', () => {
  test('goes what must not meet an old one', async () => {
    const { pool, upstream, send } = await start();
    await settled(send());
    const again = new TestExchange('/again');
    pool.sendOnNewConnection(again);
    expect(await settled(again)).toEqual(['/again']);
    expect(upstream.connections.map(({ requests }) => requests.length)).toEqual([1, 1]);
  });

  test('nothing is sent for one who has left meanwhile', async () => {
    const { openSocket, open, held } = gate();
    const { pool, send, sockets, upstream } = await start({ openSocket });
    const leaving = new TestExchange('/leaving');
    pool.sendOnNewConnection(leaving);
    await waitFor(() => held.length === 1, 'an opening');
    leave(pool, leaving);
    open();
    await waitFor(() => sockets.length === 1, 'a connection');
    expect(await settled(send('/next'))).toEqual(['/next']);
    expect(leaving.sent).toBe(0);
    expect(upstream.requests().map(({ target }) => target)).toEqual(['/next']);
  });

  test('what asks while one is opened for another gets one of its own', async () => {
    const { openSocket, held } = gate();
    const { pool, send } = await start({ openSocket });
    pool.sendOnNewConnection(new TestExchange('/again'));
    await waitFor(() => held.length === 1, 'an opening');
    send('/next');
    await waitFor(() => held.length === 2, 'another opening');
  });

  test('the pool is not empty while one is opened for it', async () => {
    const { openSocket, open, held } = gate();
    const { pool, send, sockets, timesEmpty } = await start({ openSocket });
    // The connection of a request that asked before ends meanwhile.
    const leaving = send('/leaving');
    await waitFor(() => held.length === 1, 'an opening');
    held.shift()?.();
    await settled(leaving);
    const again = new TestExchange('/again');
    pool.sendOnNewConnection(again);
    const closed = vi.fn();
    sockets[0]?.once('close', closed);
    sockets[0]?.destroy();
    await waitFor(() => closed.mock.calls.length === 1, 'the end of the other');
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    expect(timesEmpty()).toBe(0);
    open();
    expect(await settled(again)).toEqual(['/again']);
  });
});

describe('at its end', () => {
  test('all requests are told, and all connections closed, those that open later too', async () => {
    const { openSocket, open, held } = gate();
    const { pool, upstream, send, sockets } = await start({
      openSocket,
      maxConnections: 2,
      onRequest: () => {},
    });
    const running = send('/running');
    await waitFor(() => held.length === 1, 'an opening');
    held.shift()?.();
    await upstream.request();
    const [opening, waiting] = [send('/opening'), send('/waiting')];
    await waitFor(() => held.length === 1, 'an opening');
    pool.destroy();
    expect(await settled(running, opening, waiting)).toEqual(['Error', 'Error', 'Error']);
    open();
    await waitFor(() => sockets.length === 2, 'the late connection');
    await waitFor(() => upstream.openConnections() === 0, 'the end of all connections');
    expect(upstream.requests()).toHaveLength(1);
  });

  test('a request of the same turn is told, and opens none', async () => {
    const { pool, upstream, send, sockets } = await start();
    expect(await settled(send())).toEqual(['/']);
    const last = send('/last');
    pool.destroy();
    expect(await settled(last)).toEqual(['Error']);
    await waitFor(() => upstream.openConnections() === 0, 'the end of all connections');
    expect(sockets).toHaveLength(1);
  });
});

describe('of an org', () => {
  function upstreamOf(maxConnections: number, connectTimeoutMs = 10_000): Upstream {
    const upstream = new Upstream({
      openSocket: plainSocket,
      maxConnections,
      connectTimeoutMs,
      responseTimeoutMs: 60_000,
    });
    onTestFinished(() => upstream.destroy());
    return upstream;
  }

  test('the pool of an instance that it has left is dropped with the last connection', async () => {
    const [old, moved] = [await startRawUpstream(), await startRawUpstream()];
    const upstream = upstreamOf(8);
    const left = upstream.replayLane(old.url);
    const exchanges = [new TestExchange('/'), new TestExchange('/')];
    left.send(exchanges[0] as TestExchange);
    upstream.replayLane(moved.url).send(exchanges[1] as TestExchange);
    await settled(...exchanges);
    const current = upstream.replayLane(moved.url);
    for (const connection of old.connections) connection.end();
    await waitFor(() => upstream.replayLane(old.url) !== left, 'another pool');
    expect(upstream.replayLane(moved.url)).toBe(current);
  });

  describe('connections to another instance that have nothing to do', () => {
    const kept = ok('', 'Keep-Alive: timeout=600\r\n');

    /** An org of four connections, of which three are for the replay lane. */
    async function startMoving() {
      const old = await startRawUpstream({ onRequest: () => {} });
      const moved = await startRawUpstream({ onRequest: () => {} });
      const upstream = upstreamOf(4, 30_000);
      const sendTo = ({ url }: RawUpstream, count: number) => {
        const exchanges = Array.from({ length: count }, () => new TestExchange('/'));
        for (const exchange of exchanges) upstream.replayLane(url).send(exchange);
        return exchanges;
      };
      return { old, moved, upstream, sendTo };
    }

    async function arrived(to: RawUpstream, count: number, exchanges: readonly TestExchange[]) {
      const hasFailed = () => exchanges.some(({ error }) => error);
      await waitFor(() => to.requests().length === count || hasFailed(), 'the requests');
      expect(exchanges.map(({ error }) => error?.message)).toEqual(exchanges.map(() => undefined));
    }

    async function answer({ connections }: RawUpstream, exchanges: readonly TestExchange[]) {
      for (const connection of connections) if (!connection.closed) connection.write(kept);
      await settled(...exchanges);
    }

    test('make room', async () => {
      const { old, moved, sendTo } = await startMoving();
      const before = sendTo(old, 3);
      await arrived(old, 3, before);
      await answer(old, before);
      await arrived(moved, 3, sendTo(moved, 3));
    });

    test('make room as soon as they have nothing to do', async () => {
      const { old, moved, sendTo } = await startMoving();
      const before = sendTo(old, 3);
      await arrived(old, 3, before);
      const after = sendTo(moved, 3);
      // For the others there is no place yet.
      await moved.request(0);
      await answer(old, before);
      await arrived(moved, 3, after);
    });

    /** Three to the old instance, one to the new one. */
    async function startWithAllIdle() {
      const started = await startMoving();
      const { old, moved, sendTo } = started;
      const [before, after] = [sendTo(old, 3), sendTo(moved, 1)];
      await arrived(old, 3, before);
      await arrived(moved, 1, after);
      await answer(old, before);
      await answer(moved, after);
      expect([old.openConnections(), moved.openConnections()]).toEqual([3, 1]);
      return started;
    }

    test('make room at an instance that has some already', async () => {
      const { moved, sendTo } = await startWithAllIdle();
      await arrived(moved, 4, sendTo(moved, 3));
    });

    test('make room for the stream lane', async () => {
      const { moved, upstream } = await startWithAllIdle();
      const agent = upstream.streamAgent('http:');
      const upload = request(`${moved.url}/upload`, { agent });
      const failure = once(upload, 'error').then(([error]) => error);
      onTestFinished(() => {
        upload.destroy();
      });
      upload.end();
      const arrival = moved.request(1).then(({ target }) => target);
      expect(await Promise.race([arrival, failure])).toBe('/upload');
    });
  });
});

test('1,000 requests of all outcomes leave no listener, no connection and no place behind', async () => {
  const warnings = processWarnings();
  const outcomes: OnRequest[] = [
    answering(ok('whole')),
    answering('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n0\r\n\r\n'),
    answering('HTTP/1.1 204 No Content\r\n\r\n'),
    answering(ok('last', 'Connection: close\r\n')),
    answering(ok('more') + ok('poison')),
    answering('garbage\r\n\r\n'),
    answering('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart'),
    (_request, connection) => connection.end(),
    (_request, connection) => connection.reset(),
    (_request, connection) => connection.end('HTTP/1.1 200 OK\r\n\r\nuntil close'),
  ];
  const { upstream, pool, sockets, send, timesEmpty } = await start({
    maxConnections: 8,
    onRequest: (request, connection) =>
      outcomes[Number(request.target.slice(1)) % outcomes.length]?.(request, connection),
  });
  const listeners = (socket: Socket) =>
    Object.fromEntries(
      socket.eventNames().map((name) => [String(name), socket.listenerCount(name)]),
    );
  await settled(send('/0'));
  const usual = listeners(sockets[0] as Socket);
  for (let round = 0; round < 20; round += 1) {
    // Of those that are idle by then, only some are used.
    letTimePass(4500);
    const exchanges = Array.from({ length: 50 }, (_, i) =>
      send(`/${i + round}`, undefined, (i + round) % 3 === 0),
    );
    const isDone = (exchange: TestExchange) => {
      // Of the answer that stops in its middle somebody must tire.
      if (exchange.text === 'part' && !exchange.isSettled) {
        exchange.connection?.abort(new Error('left'));
      }
      return exchange.isSettled;
    };
    await waitFor(() => exchanges.every(isDone), 'all outcomes', 20_000);
    for (const socket of sockets) if (!socket.destroyed) expect(listeners(socket)).toEqual(usual);
  }
  expect(warnings).toEqual([]);
  expect(upstream.maxOpenConnections()).toBeLessThanOrEqual(8 + 1);
  // Now there is one at least.
  await settled(send('/0'));
  const before = timesEmpty();
  for (const { socket } of upstream.connections) socket.destroy();
  await waitFor(() => sockets.every(({ closed }) => closed), 'the end of all connections');
  await waitFor(() => timesEmpty() > before, 'the end of the pool');
  // All its places are free.
  upstream.onRequest(() => {});
  const count = upstream.requests().length;
  for (let i = 0; i < 8; i += 1) send('/after');
  await upstream.request(count + 7);
  pool.destroy();
});
