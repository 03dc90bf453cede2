// The dashboard in a real Chromium, with requests coming in: what an operator sees, and that the page breaks no rule of its own.
/// <reference lib="dom" />
import { createRequire } from 'node:module';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { SimulatedOrg } from '../../src/simulator/simulated-org.ts';
import { isChromiumMissing, launchChromium } from '../support/chromium.ts';
import { send } from '../support/send.ts';
import { startOrg } from '../support/start-org.ts';
import { startProxy, type TestProxy, type TestProxyOptions } from '../support/start-proxy.ts';
import { makeTestKey } from '../support/test-keys.ts';
import { waitFor } from '../support/wait-for.ts';

const axeFile = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const limits = '/services/data/v67.0/limits';
const missing = '/services/data/v67.0/sobjects/Missing';

describe.skipIf(isChromiumMissing())('in Chromium', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  /** The dashboard, live. A message on its console, or a request to elsewhere, fails the test. */
  async function open(proxy: TestProxy, options: BrowserContextOptions = {}): Promise<Page> {
    const complaints: string[] = [];
    const admin = proxy.eventsOf('admin_listening')[0]?.address ?? '';
    const context = await browser.newContext(options);
    const page = await context.newPage();
    onTestFinished(async () => {
      await context.close();
      expect(complaints).toEqual([]);
    });
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith(`${admin}/`)) complaints.push(request.url());
    });
    await page.goto(`${admin}/`);
    await page.getByText('Live', { exact: true }).waitFor();
    return page;
  }

  test('shows requests as they end, with where their time went', async () => {
    const { org, proxy } = await setUp();
    const page = await open(proxy);
    await page.getByText('The last 200 requests appear here').waitFor();
    org.control.endSessions();
    await send(proxy.url + limits);
    await send(`${proxy.url}/outside`);

    const rows = page.locator('#rows > tr');
    await rows.nth(1).waitFor();
    const [newest = '', oldest = ''] = await rows.allInnerTexts();
    expect(newest).toMatch(/404[\s\S]*GET[\s\S]*\/outside[\s\S]*route_unknown/);
    expect(newest).toContain('answered by the proxy');
    expect(oldest).toMatch(/200[\s\S]*\/limits[\s\S]*replayed[\s\S]*test/);
    expect(oldest).toMatch(/login [\d.]+ m?s, Salesforce [\d.]+ m?s/);
    const widths = await rows
      .nth(1)
      .locator('rect')
      .evaluateAll((rects) => rects.map((rect) => Number(rect.getAttribute('width'))));
    expect(widths.reduce((a, b) => a + b)).toBeCloseTo(100, 0);
    expect(widths[1]).toBeGreaterThan(0);
  });

  test('stays with the newest under load, and counts on', async () => {
    const { proxy } = await setUp();
    const page = await open(proxy);
    const load = startLoad(proxy);
    await waitFor(async () => (await page.locator('#rows > tr').count()) === 200, '200 rows');
    await waitFor(() => proxy.eventsOf('request').length > 600, 'more load');
    await load.stop();
    await send(`${proxy.url}/the-last-one`);
    await page.locator('#rows > tr').first().getByText('/the-last-one').waitFor();
    expect(await page.locator('#rows > tr').count()).toBe(200);
    const total = proxy.eventsOf('request').length.toLocaleString('en-US');
    await page.locator('#clients').getByText(total, { exact: true }).waitFor();
  });

  test('the filter narrows by status, org, client and text, and says how many are left', async () => {
    const { proxy } = await setUp();
    for (let i = 0; i < 3; i += 1) await send(proxy.url + limits);
    await send(proxy.url + missing, { headers: { 'x-request-id': 'find-me' } });
    await send(`${proxy.url}/outside`);
    const page = await open(proxy);
    const filter = page.getByRole('search');
    const shown = page.locator('#rows > tr:visible');
    const count = (rows: number) => waitFor(async () => (await shown.count()) === rows, `${rows}`);
    await count(5);

    await filter.getByLabel('Status').selectOption('4xx of Salesforce');
    await count(1);
    await page.getByText('1 of the last 5').first().waitFor();
    await filter.getByLabel('Status').selectOption('');
    await filter.getByLabel('Org').selectOption('test');
    await count(4);
    await filter.getByLabel('Client').selectOption('without a key');
    await filter.getByLabel('Text').fill('limits 200');
    await count(3);
    await filter.getByLabel('Text').fill('find-me');
    await count(1);
    await filter.getByLabel('Text').fill('no such request');
    await page.getByText('None of the last requests matches the filter.').waitFor();
    // What comes later is filtered as well.
    await filter.getByLabel('Text').fill('limits');
    await count(3);
    await send(proxy.url + missing);
    await send(proxy.url + limits);
    await count(4);
  });

  test('a pause holds the rows still, and brings what came meanwhile', async () => {
    const { proxy } = await setUp();
    await send(proxy.url + limits);
    const page = await open(proxy);
    const rows = page.locator('#rows > tr');
    await rows.first().waitFor();
    const pause = page.getByRole('button', { name: 'Pause' });
    await pause.click();
    await send(proxy.url + missing);
    // The clients, below, are told by then; the rows are not.
    await page.locator('#clients').getByText('2', { exact: true }).waitFor();
    expect(await rows.count()).toBe(1);
    expect(await pause.getAttribute('aria-pressed')).toBe('true');
    await pause.click();
    await waitFor(async () => (await rows.count()) === 2, 'the row that came meanwhile');
  });

  test('a refused login is shown with its fix, and the button logs in once it is mended', async () => {
    const { org, proxy } = await setUp({ org: { client_id: 'unknown' }, withoutLogin: true });
    await waitFor(() => proxy.eventsOf('login_failed').length > 0, 'the refused login');
    const page = await open(proxy);
    const card = page.getByRole('article', { name: 'test' });
    await card.getByText('Login failed').waitFor();
    await card.getByText('copy the Consumer Key').waitFor();

    const { certificatePem } = makeTestKey();
    org.control.registerApp({ consumerKey: 'unknown', certificatePem });
    const button = card.getByRole('button', { name: 'Log in again' });
    await button.focus();
    await page.keyboard.press('Enter');
    await page
      .getByRole('status')
      .getByText('test: logged in as integration@example.com.')
      .waitFor();
    await card.getByText('Ready').waitFor();
    await waitFor(async () => (await card.getByText('Consumer Key').count()) === 0, 'it to go');
    // What was taken over around it has left the focus where it was.
    expect(await button.evaluate((element) => element === document.activeElement)).toBe(true);
    expect(proxy.eventsOf('logged_in')).toHaveLength(1);
  });

  test('tells when the proxy is gone', async () => {
    const { proxy } = await setUp();
    const context = await browser.newContext();
    onTestFinished(() => context.close());
    const page = await context.newPage();
    await page.goto(`${proxy.eventsOf('admin_listening')[0]?.address}/`);
    await page.getByText('Live', { exact: true }).waitFor();
    await proxy.close();
    await page.getByText('Reconnecting').waitFor();
    await page.getByRole('status').getByText('connection to the proxy is lost').waitFor();
  });

  test('the charts draw what happened, in the colours of light and dark', async () => {
    const { proxy } = await setUp();
    for (let i = 0; i < 20; i += 1) await send(proxy.url + limits);
    const page = await open(proxy, { colorScheme: 'light' });
    const label = () => page.locator('#chart-rates .plot').getAttribute('aria-label');
    await waitFor(async () => /latest: OK [\d.]+/.test((await label()) ?? ''), 'the chart');
    const light = await colorsOf(page);
    await page.emulateMedia({ colorScheme: 'dark' });
    await waitFor(async () => (await colorsOf(page)).ground !== light.ground, 'dark');
    const dark = await colorsOf(page);
    expect(brightness(light.ground)).toBeGreaterThan(200);
    expect(brightness(dark.ground)).toBeLessThan(50);
    expect(brightness(dark.ink)).toBeGreaterThan(200);
    expect(await isDrawn(page)).toBe(true);
  });

  test.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 400],
  ] as const)(
    '%s at %i px: no rule of axe is broken, and nothing is cut off',
    async (scheme, width) => {
      const { proxy } = await setUpWithBrokenOrg();
      await send(proxy.url + limits);
      await send(proxy.url + missing);
      await send(`${proxy.url}/outside`);
      const page = await open(proxy, {
        colorScheme: scheme,
        viewport: { width, height: 800 },
        // For axe alone: the page itself is tested with its policy everywhere else.
        bypassCSP: true,
      });
      await page.locator('#rows > tr').nth(2).waitFor();
      await page.addScriptTag({ path: axeFile });
      const violations = await page.evaluate(async () => {
        const { axe } = window as unknown as { axe: { run(): Promise<AxeResults> } };
        return (await axe.run()).violations.map(({ id, nodes }) => [id, nodes[0]?.html]);
      });
      expect(violations).toEqual([]);
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(overflow).toBe(0);
    },
  );

  test('everything can be reached by keyboard, and shows that it is', async () => {
    const { proxy } = await setUp();
    const page = await open(proxy);
    const reached: string[] = [];
    for (let i = 0; i < 8; i += 1) {
      await page.keyboard.press('Tab');
      const [name, outline] = await page.evaluate(() => {
        const element = document.activeElement as HTMLElement;
        const name = element.getAttribute('name') ?? element.className ?? '';
        return [
          name || element.id || (element.dataset.login ?? ''),
          getComputedStyle(element).outlineStyle,
        ];
      });
      expect(outline).not.toBe('none');
      reached.push(name ?? '');
    }
    expect(reached).toEqual([
      'skip',
      'test',
      'pause',
      'org',
      'client',
      'ending',
      'text',
      'scroller',
    ]);
  });
});

interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { html: string }[];
  }[];
}

async function setUp(
  options: TestProxyOptions = {},
): Promise<{ org: SimulatedOrg; proxy: TestProxy }> {
  const org = await startOrg();
  const proxy = await startProxy(org, { config: { admin: { listen: '127.0.0.1:0' } }, ...options });
  return { org, proxy };
}

/** So that there is something wrong to look at. */
async function setUpWithBrokenOrg(): Promise<{ proxy: TestProxy }> {
  const org = await startOrg();
  const broken = {
    login_url: org.origin,
    client_id: 'unknown',
    username: 'broken@example.com',
    private_key: makeTestKey().privateKeyPem,
  };
  const config = { admin: { listen: '127.0.0.1:0' }, orgs: { broken }, default_org: 'test' };
  const proxy = await startProxy(org, { config });
  await waitFor(() => proxy.eventsOf('login_failed').length > 0, 'the refused login');
  return { proxy };
}

/** Requests without a pause, until it is stopped. */
function startLoad(proxy: TestProxy): { stop(): Promise<void> } {
  let isStopped = false;
  const work = async () => {
    while (!isStopped) await send(proxy.url + limits);
  };
  const workers = [work(), work(), work()];
  const stop = async () => {
    isStopped = true;
    await Promise.all(workers);
  };
  onTestFinished(stop);
  return { stop };
}

function colorsOf(page: Page): Promise<{ ground: string; ink: string }> {
  return page.evaluate(() => {
    const { backgroundColor, color } = getComputedStyle(document.documentElement);
    return { ground: backgroundColor, ink: color };
  });
}

function brightness(color: string): number {
  const [red = 0, green = 0, blue = 0] = [...color.matchAll(/\d+/g)].map(Number);
  return (red + green + blue) / 3;
}

/** Is there anything on the canvas of the first chart? */
function isDrawn(page: Page): Promise<boolean> {
  return page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('#chart-rates canvas');
    const pixels = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data;
    return pixels?.some((value) => value > 0) ?? false;
  });
}
