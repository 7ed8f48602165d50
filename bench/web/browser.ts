import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import type { Scope } from '../scope.ts';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Chromium of this machine (`CHROMIUM` names another place), closed with the scope; undefined where there is none. */
export async function openBrowser(scope: Scope): Promise<Browser | undefined> {
  const executablePath = process.env.CHROMIUM ?? places.find((path) => existsSync(path));
  if (!executablePath) return undefined;
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
  });
  scope.defer(() => browser.close());
  return browser;
}
