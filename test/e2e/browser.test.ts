// A real Chromium against the proxy: what a page can do that curl and our own sockets only imitate.
/// <reference lib="dom" />
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { SimulatedOrg } from '../../src/simulator/simulated-org.ts';
import { isChromiumMissing, launchChromium } from '../support/chromium.ts';
import { startOrg } from '../support/start-org.ts';
import { startProxy, type TestProxy } from '../support/start-proxy.ts';

const limits = '/services/data/v67.0/limits';
const deletion = '/services/data/v67.0/sobjects/Account/001000000000001?_HttpMethod=DELETE';

describe.skipIf(isChromiumMissing())('in Chromium', () => {
  let browser: Browser;

  beforeAll(async () => {
    // So that a page of the internet can be played: its name is this machine, as after DNS rebinding.
    browser = await launchChromium(['--host-resolver-rules=MAP *.example 127.0.0.1']);
  });
  afterAll(() => browser?.close());

  async function openPage(url: string): Promise<Page> {
    const page = await browser.newPage();
    onTestFinished(() => page.close());
    await page.goto(url);
    return page;
  }

  test('a page of another origin gets nothing through, and nothing reaches Salesforce', async () => {
    const { org, proxy, port } = await setUp();
    for (const origin of [`http://evil.example:${port}`, `http://localhost:${port}`]) {
      const page = await openPage(origin);
      const told = proxy.eventsOf('request').length;
      const outcomes = await page.evaluate(attack, { base: proxy.url, limits, deletion });
      expect(outcomes).toEqual({
        simple: 'TypeError',
        withHeader: 'TypeError',
        preflighted: 'TypeError',
        withCookies: 'TypeError',
        // No answer of a no-cors request can be read; whether it was sent on is what is asked below.
        noCors: 'opaque',
        noCorsPost: 'opaque',
        image: 'error',
        script: 'error',
        stylesheet: 'error',
        webSocket: 'error',
        eventSource: 'error',
        beacon: true,
      });
      // Each of them and the frame; a preflight that is refused is one too.
      await expect.poll(() => proxy.eventsOf('request').length - told).toBeGreaterThanOrEqual(13);
      await page.evaluate(() => (document.querySelector('form') as HTMLFormElement).submit());
      await page.waitForURL(/services/);
      expect(await page.textContent('body')).toContain('PROXY_ORIGIN_FORBIDDEN');
    }
    // The icon of the proxy's own error page is no request of the attacker's page.
    const asked = proxy.eventsOf('request').filter(({ path }) => path !== '/favicon.ico');
    const codes = new Set(asked.map(({ error }) => error?.code));
    expect([...codes]).toEqual(['origin_forbidden']);
    expect(org.control.counts()).toMatchObject({ requests: 0, refused: 0 });
  });

  test('a page whose own name leads to the proxy (DNS rebinding) gets nothing through', async () => {
    const { org, proxy } = await setUp();
    const page = await openPage(`http://rebound.example:${proxy.port}${limits}`);
    expect(await page.textContent('body')).toContain('PROXY_HOST_FORBIDDEN');
    // Same origin for the browser: no Origin header, and it reads every answer.
    const text = await page.evaluate(async (url) => (await fetch(url)).text(), limits);
    expect(text).toContain('PROXY_HOST_FORBIDDEN');
    expect(org.control.counts()).toMatchObject({ requests: 0, refused: 0 });
  });

  test('a page of an allowed origin calls, writes, and reads the headers of Salesforce', async () => {
    const { org, proxy, port } = await setUp({ allowsPort: true });
    const page = await openPage(`http://localhost:${port}`);
    const seen = await page.evaluate(
      async ({ base, limits }) => {
        const answer = await fetch(base + limits, {
          headers: { 'Sforce-Query-Options': 'batchSize=200' },
        });
        const created = await fetch(`${base}/services/data/v67.0/sobjects/Account`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{"Name":"From a page"}',
        });
        const refused = await fetch(`${base}/setup`);
        return {
          usage: answer.headers.get('sforce-limit-info'),
          hasLimits: 'DailyApiRequests' in (await answer.json()),
          created: created.status,
          refused: refused.headers.get('x-proxy-error'),
        };
      },
      { base: proxy.url, limits },
    );
    expect(seen).toEqual({
      usage: expect.stringContaining('api-usage='),
      hasLimits: true,
      created: 201,
      refused: 'route_unknown',
    });
    // The preflights were answered by the proxy.
    expect(org.control.executed().map(({ method }) => method)).toEqual(['GET', 'POST']);
  });

  test('an address that somebody types is served', async () => {
    const { proxy } = await setUp();
    const page = await openPage(proxy.url + limits);
    expect(await page.textContent('body')).toContain('DailyApiRequests');
  });
});

async function setUp({ allowsPort = false } = {}): Promise<{
  org: SimulatedOrg;
  proxy: TestProxy;
  port: number;
}> {
  const pages = createServer((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>a page</title><body></body>');
  });
  await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    pages.closeAllConnections();
    pages.close();
  });
  const { port } = pages.address() as AddressInfo;
  const org = await startOrg();
  const access = allowsPort ? { allowed_origins: [`http://localhost:${port}`] } : {};
  const proxy = await startProxy(org, { config: { access } });
  org.control.resetCounts();
  return { org, proxy, port };
}

/** Runs in the page: everything that a page may try without leaving, and a form and a frame for afterwards. */
async function attack({
  base,
  limits,
  deletion,
}: {
  base: string;
  limits: string;
  deletion: string;
}) {
  const outcome = (options: RequestInit, path = limits) =>
    fetch(base + path, options).then(
      ({ type }) => type,
      (error: Error) => error.name,
    );
  const element = (name: 'img' | 'script' | 'link', attributes: Record<string, string>) =>
    new Promise((resolve) => {
      const made = document.createElement(name);
      made.onload = () => resolve('load');
      made.onerror = () => resolve('error');
      for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
      document.body.append(made);
    });
  const stream = (made: EventTarget) =>
    new Promise((resolve) => {
      made.addEventListener('open', () => resolve('open'));
      made.addEventListener('error', () => resolve('error'));
    });
  document.body.insertAdjacentHTML(
    'beforeend',
    `<form method="post" action="${base}/services/data/v67.0/sobjects/Account" enctype="text/plain"><input name='{"Name":"' value='x"}'></form><iframe src="${base + limits}"></iframe>`,
  );
  return {
    simple: await outcome({}),
    withHeader: await outcome({ headers: { 'X-PrettyPrint': '1' } }),
    preflighted: await outcome({ method: 'DELETE' }),
    withCookies: await outcome({ credentials: 'include' }),
    noCors: await outcome({ mode: 'no-cors' }, deletion),
    noCorsPost: await outcome({ mode: 'no-cors', method: 'POST', body: '{"Name":"x"}' }),
    image: await element('img', { src: base + deletion, referrerpolicy: 'no-referrer' }),
    script: await element('script', { src: base + limits }),
    stylesheet: await element('link', { rel: 'stylesheet', href: base + limits }),
    webSocket: await stream(new WebSocket(base.replace('http', 'ws') + limits)),
    eventSource: await stream(new EventSource(base + limits)),
    beacon: navigator.sendBeacon(`${base}/services/data/v67.0/sobjects/Account`, '{"Name":"x"}'),
  };
}
