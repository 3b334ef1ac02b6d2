// SPDX-License-Identifier: Apache-2.0
// A real browser: Debian's Chromium, without a window.  Its pages tell what they complained of and what they stored.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { patience } from './until.mjs';

// Debian's script looks for extensions and complains where it is not asked to by a desktop; the program is enough.
const PROGRAMS = [process.env.JWTGATE_CHROMIUM, '/usr/bin/chromium', '/usr/lib/chromium/chromium'];
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-extensions',
];

// The path of the browser; undefined: there is none, and tests of pages are skipped.
export const CHROMIUM = PROGRAMS.find((program) => program && existsSync(program));

export async function startBrowser(t) {
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({ executablePath: CHROMIUM, headless: true, args: FLAGS, timeout: patience(30000) });
  t.after(() => browser.close());
  return browser;
}

// A page of a person of its own (no cookies, nothing stored).  `complaints` grows with what the page and its windows complain of.
export async function newPage(t, browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-GB', timezoneId: 'Europe/Berlin', ...options });
  const complaints = [];
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => console.error(`policy violated: ${event.violatedDirective} ${event.blockedURI}`));
  });
  context.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  context.on('weberror', (error) => complaints.push(String(error.error())));
  context.setDefaultTimeout(patience(20000));
  const page = await context.newPage();
  t.after(() => context.close());
  return { page, context, complaints };
}

const axe = CHROMIUM && readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// axe-core finds nothing serious or critical in the page as it is now; by all its rules, or by these.
export async function assertAccessible(page, what, rules) {
  await page.evaluate(axe);
  const options = { resultTypes: ['violations'], ...(rules && { runOnly: rules }) };
  const { violations } = await page.evaluate((chosen) => globalThis.axe.run(chosen), options);
  const found = violations.filter(({ impact }) => ['serious', 'critical'].includes(impact));
  assert.deepEqual(found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join('; ')}`), [], what);
}

// Everything that outlives a page of that origin, as one text.
export const stored = async (page) => JSON.stringify(await page.evaluate(async () => ({
  local: { ...localStorage },
  session: { ...sessionStorage },
  databases: await indexedDB.databases(),
  caches: await caches.keys(),
  cookie: document.cookie,
  address: location.href,
  state: history.state,
  name: window.name,
})));

// No wider than its window.
export const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
