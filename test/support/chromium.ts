// A real Chromium, as Debian packages it, for the tests that need a browser.
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const executablePath = '/usr/bin/chromium';

/** Under CI a missing browser is a failure; elsewhere its tests are skipped, with a line that says so. */
export function isChromiumMissing(): boolean {
  if (existsSync(executablePath)) return false;
  if (process.env.CI === 'true') throw new Error(`${executablePath} is missing`);
  process.stderr.write(`skipped: ${executablePath} is missing, so no browser test can run\n`);
  return true;
}

/** It looks nothing up and updates nothing by itself. */
export function launchChromium(moreArgs: readonly string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...moreArgs,
    ],
  });
}
