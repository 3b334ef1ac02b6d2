// SPDX-License-Identifier: Apache-2.0
// The token console as a tester uses it: a real browser, a real OpenID provider, the gateway between browser and backend.
//
// Every page is judged at its end too: it has complained of nothing (a violated policy is a complaint), and stored nothing.
import assert from 'node:assert/strict';
import test from 'node:test';
import { answerBytes, startBackend } from './harness/backend.mjs';
import { CHROMIUM, assertAccessible, newPage, overflow, startBrowser, stored } from './harness/browser.mjs';
import { startGateway } from './harness/gateway.mjs';
import { send } from './harness/client.mjs';
import { providerKeys, startProvider } from './harness/provider.mjs';
import { secret } from './harness/secrets.mjs';
import { until } from './harness/until.mjs';

const skip = CHROMIUM ? false : 'there is no Chromium here';
const HOSTILE = '<img src=x onerror="console.error(1)"><script>console.error(2)</script>';
const PHONE = { width: 360, height: 740 };
const DESK = { width: 1280, height: 900 };

const SUM = answerBytes({ fields: { 'Content-Type': 'application/json' }, body: '{"value":100,"of":[51,49],"digits":12345678901234567890}' });

const sum = async (request, conn) => {
  if (await request.whole) conn.write(SUM);
};

const guarded = (provider, audience) => ({ openid_config: [{ url: provider.configUrl }], audiences: [audience] });

const configOf = (provider, backend, admin) => ({
  admin: { bind: '127.0.0.1:0', console: { client_id: 'console', scopes: ['openid', 'Calculator.Read'] }, ...admin },
  backends: { main: { servers: [backend.url] } },
  routes: [
    { name: 'calculator', path: '/calculator/', backend: 'main', validate_jwt: guarded(provider, 'api://calc') },
    { name: 'orders', path: '/orders/', backend: 'main', validate_jwt: guarded(provider, 'api://calc/') },
    { name: 'watched', path: '/watched/', backend: 'main', mode: 'report-only', validate_jwt: guarded(provider, 'api://other') },
    { name: 'health', path: '/healthz', backend: 'main', policy: 'none' },
  ],
});

// Provider, backend and gateway; the console is a client of the provider, its address known only now.
async function startAll(t, admin = {}) {
  const keys = providerKeys();
  const provider = await startProvider(t, keys);
  const backend = await startBackend(t, sum);
  const gateway = await startGateway(t, configOf(provider, backend, admin));
  const origin = `http://127.0.0.1:${gateway.adminPort}`;
  provider.clients = [{
    client_id: 'console', token_endpoint_auth_method: 'none', grant_types: ['authorization_code'], response_types: ['code'],
    redirect_uris: [`${origin}/callback`],
  }];
  provider.use(keys);
  await until('the keys', async () => (await send(gateway.adminPort, { target: '/readyz', host: 'localhost', token: admin.token })).status === 200);
  return { provider, gateway, origin };
}

// The console, open and ready; nothing but loopback is reached. `before` runs in every page first.
async function open(t, browser, origin, options = {}, before = undefined) {
  const { page, context, complaints } = await newPage(t, browser, options);
  const astray = [];
  if (before) await context.addInitScript(before);
  await context.route((url) => url.hostname !== '127.0.0.1', (route) => route.fulfill({ body: '' })); // the provider's page wants fonts
  page.on('request', (request) => request.url().startsWith(`${new URL(origin).origin}/`) || astray.push(request.url()));
  await page.goto(origin);
  await page.getByRole('heading', { name: 'Token console' }).waitFor();
  return { page, context, complaints, astray };
}

const judgedAs = (page, verdict) => page.locator(`#verdict .banner.${verdict}`).waitFor();
const answered = (page, status) => page.locator('#answer-status', { hasText: status }).waitFor();
const chooses = (page, route) => page.locator(`input[name=route][value="${route}"]`).check();

async function judge(page, token) {
  await page.getByLabel('Access token or ID token').fill(token);
  await page.getByRole('button', { name: 'Judge', exact: true }).click();
}

// What somebody does in the provider's window.
async function passThrough(sheet) {
  await sheet.locator('input[name=login]').fill('alice');
  await sheet.locator('input[name=password]').fill('any');
  await sheet.locator('button[type=submit]').click();
  await sheet.getByText('Authorize').first().waitFor();
  await sheet.locator('button[type=submit]').click({ noWaitAfter: true }).catch((error) => {
    if (!sheet.isClosed()) throw error; // it may be gone before the click is said to be done
  });
}

async function rowOf(page, route) {
  return (await page.locator('.matrix tr', { has: page.locator(`input[value="${route}"]`) }).innerText()).replace(/\s+/g, ' ');
}

const focused = (page) => page.evaluate(() => {
  const at = document.activeElement;
  return at.id || at.value || at.textContent.trim();
});

async function tabTo(page, wanted) {
  for (let i = 0; i < 40; i++) {
    if ((await focused(page)) === wanted) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`${wanted} is not reached by the Tab key`);
}

test('the console in a browser', { skip }, async (t) => {
  const { provider, gateway, origin } = await startAll(t);
  const browser = await startBrowser(t);
  const token = await provider.token();
  const kept = [];

  const clean = async ({ page, complaints }, ...more) => {
    assert.deepEqual(complaints, []);
    const all = (await stored(page)) + more.join('');
    for (const text of [token, ...kept]) assert.ok(!all.includes(text), 'a token is stored');
  };

  await t.test('who signs in sees which routes let the token pass, and can choose the ID token', async (t) => {
    const desk = await open(t, browser, origin);
    const { page } = desk;
    const [sheet] = await Promise.all([page.waitForEvent('popup'), page.getByRole('button', { name: 'Sign in…' }).click()]);
    const closed = sheet.waitForEvent('close');
    await passThrough(sheet);
    await judgedAs(page, 'pass');
    await closed;
    kept.push(secret(await page.locator('#token').inputValue()));
    assert.match(await rowOf(page, 'calculator'), /calculator .* passes/);
    assert.match(await rowOf(page, 'orders'), /orders .* refused TokenAudienceNotAllowed audience/);
    assert.match(await rowOf(page, 'watched'), /watched .* refused report-only TokenAudienceNotAllowed audience/);
    assert.match(await rowOf(page, 'health'), /health .* public/);
    await page.getByLabel('ID token', { exact: true }).check();
    await judgedAs(page, 'refuse');
    kept.push(secret(await page.locator('#token').inputValue()));
    assert.notEqual(kept[0], kept[1]);
    await assertAccessible(page, 'signed in');
    assert.deepEqual(desk.astray, [], 'the console reached beyond the gateway');
    await clean(desk, JSON.stringify(await desk.context.cookies()));
  });

  await t.test('where no window may be opened, who signs in comes back to the console in the same one', async (t) => {
    const desk = await open(t, browser, origin, {}, () => (window.open = () => null));
    const { page } = desk;
    await page.getByRole('button', { name: 'Sign in…' }).click();
    await passThrough(page);
    await judgedAs(page, 'pass');
    assert.equal(page.url(), `${origin}/`);
    kept.push(secret(await page.locator('#token').inputValue()));
    await clean(desk);
  });

  await t.test('a ticket behind # is taken once, and out of the address', async (t) => {
    const desk = await open(t, browser, `${origin}/#ticket=nobodys-ticket`);
    await desk.page.getByRole('alert').filter({ hasText: /\S/ }).waitFor();
    assert.equal(new URL(desk.page.url()).hash, '');
  });

  await t.test('a route for another audience shows the check that fails, what it expected and what it found', async (t) => {
    const desk = await open(t, browser, origin);
    const { page } = desk;
    await judge(page, `Bearer ${token}\n`);
    await judgedAs(page, 'pass');
    await chooses(page, 'orders');
    await judgedAs(page, 'refuse');
    const decisive = await page.locator('.decisive').innerText();
    assert.match(decisive, /Audience is what fails\s+Expected\s+api:\/\/calc\/\s+Found\s+api:\/\/calc\s/);
    assert.match(decisive, /slash/);
    assert.equal(await page.locator('.decisive mark').innerText(), '/');
    assert.equal(await page.locator('.check.fail').count(), 1);
    await until('what is said', async () => /orders: refused, TokenAudienceNotAllowed, status 401\. Audience fails/.test(await page.locator('#live').textContent()));
    const claims = await page.locator('#contents').innerText();
    assert.match(claims, /in [1-9] minutes?[^]*CE[S]?T?[^]*UTC/);
    await page.getByText('Judge as at another moment').click();
    await page.getByLabel('Moment, in your time zone').fill('2099-12-31T23:59:59');
    await page.getByText('Expiry is what fails').waitFor();
    await page.getByRole('button', { name: 'Now' }).click();
    await page.getByText('Audience is what fails').waitFor();
    await clean(desk);
  });

  await t.test('a request through the gateway shows its answer, and a refusal leads to the check that failed', async (t) => {
    const desk = await open(t, browser, origin);
    const { page } = desk;
    await judge(page, token);
    await judgedAs(page, 'pass');
    await page.getByLabel('Path and query').fill('/calculator/add?a=51&b=49');
    await page.getByRole('button', { name: 'Send' }).click();
    await answered(page, '200 OK');
    assert.match(await page.getByRole('region', { name: 'Body, as JSON' }).innerText(), /"digits": 12345678901234567890\n/);
    assert.match(await page.getByRole('region', { name: 'Body, as sent' }).innerText(), /^\{"value":100,/);
    await assertAccessible(page, 'an answer');
    await page.getByLabel('Path and query').fill('/orders/7');
    await page.getByRole('button', { name: 'Send' }).click();
    await answered(page, '401 Unauthorized');
    await page.getByText('because this check fails: Audience.').waitFor();
    await page.getByRole('button', { name: 'Show the check' }).click();
    await until('the check', () => page.evaluate(() => document.activeElement.matches('.check.fail')));
    assert.ok(await page.locator('input[name=route][value=orders]').isChecked());
    await page.getByLabel('with the token').uncheck();
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByText('none was sent').waitFor();
    await clean(desk);
  });

  await t.test('all of it is reached and done by the keyboard', async (t) => {
    const desk = await open(t, browser, origin);
    const { page } = desk;
    await page.locator('#token').waitFor();
    await page.keyboard.press('Tab');
    assert.equal(await focused(page), 'Skip to the token');
    await page.keyboard.press('Enter');
    await until('the token’s field', async () => (await focused(page)) === 'token');
    await page.keyboard.insertText(token);
    await page.keyboard.press('Enter');
    await judgedAs(page, 'pass');
    await tabTo(page, 'calculator');
    await page.keyboard.press('ArrowDown');
    await judgedAs(page, 'refuse');
    assert.equal(await focused(page), 'orders');
    await tabTo(page, 'target');
    await page.keyboard.press('Enter');
    await answered(page, '401 Unauthorized');
    await tabTo(page, 'Show the check');
    await page.keyboard.press('Enter');
    await until('the check', () => page.evaluate(() => document.activeElement.matches('.check.fail')));
    await page.locator('#keys-fold summary').focus();
    await page.keyboard.press('Enter');
    await page.getByText('the token’s', { exact: true }).waitFor();
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('#keys-fold').getAttribute('open'), null);
    await clean(desk);
  });

  await t.test('axe-core finds nothing serious in any state, light, dark and on a phone, and nothing is wider than the window', async (t) => {
    const desk = await open(t, browser, origin, { reducedMotion: 'reduce' });
    const { page } = desk;
    const look = async (state) => {
      await page.emulateMedia({ colorScheme: 'dark' });
      await assertAccessible(page, `${state}, dark`, ['color-contrast']);
      await page.emulateMedia({ colorScheme: 'light' });
      await assertAccessible(page, `${state}, light`);
      await page.setViewportSize(PHONE);
      await assertAccessible(page, `${state}, on a phone`);
      assert.equal(await overflow(page), 0, `${state} is too wide for a phone`);
      await page.setViewportSize(DESK);
      assert.equal(await overflow(page), 0, `${state} is too wide for a desk`);
    };
    await page.locator('#token').waitFor();
    await look('empty');
    await judge(page, token);
    await judgedAs(page, 'pass');
    await look('a pass');
    await chooses(page, 'orders');
    await judgedAs(page, 'refuse');
    for (const fold of ['#keys-fold', '#request-more', '#moment']) await page.locator(`${fold} summary`).click();
    await page.getByRole('button', { name: 'Send' }).click();
    await answered(page, '401 Unauthorized');
    await look('a refusal, and a refused request');
    await chooses(page, 'health');
    await judgedAs(page, 'public');
    await look('a public route');
    await chooses(page, 'calculator');
    await judge(page, 'no token at all');
    await judgedAs(page, 'refuse');
    await look('what is no token');
    await clean(desk);
  });

  await t.test('what a token holds is text, whatever it looks like and however long it is', async (t) => {
    const desk = await open(t, browser, origin);
    const { page } = desk;
    const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    await judge(page, `${part({ alg: 'RS256', kid: HOSTILE })}.${part({ [HOSTILE]: HOSTILE, iss: HOSTILE, aud: [HOSTILE], exp: 1e300, o: { [HOSTILE]: 1 } })}.AAAA`);
    await judgedAs(page, 'refuse');
    await page.locator('#contents').getByText(HOSTILE).first().waitFor();
    assert.equal(await page.locator('main img, main script').count(), 0);
    await judge(page, `${part({ alg: 'RS256' })}.${part({ long: 'x'.repeat(100000), deep: JSON.parse('['.repeat(60) + ']'.repeat(60)) })}.AAAA`);
    await page.getByRole('button', { name: /^Show all 100,000/ }).waitFor();
    await clean({ page, complaints: desk.complaints.filter((text) => !/status of 4(00|13)/.test(text)) });
  });

  await t.test('forgetting leaves no token in the page', async (t) => {
    const desk = await open(t, browser, origin);
    const { page } = desk;
    await judge(page, token);
    await judgedAs(page, 'pass');
    await page.getByRole('button', { name: 'Forget tokens' }).click();
    await page.getByText('Paste a token, or sign in').waitFor();
    const all = await page.evaluate(() => document.documentElement.outerHTML + [...document.querySelectorAll('input, textarea')].map(({ value }) => value));
    assert.ok(!all.includes(token) && !all.includes('machine'), 'something of the token is left');
    assert.ok(await page.locator('#contents').isHidden());
    await clean(desk);
  });

  await t.test('a gateway that is gone is told of', async (t) => {
    const { page } = await open(t, browser, origin);
    await judge(page, token);
    await judgedAs(page, 'pass');
    await gateway.stop();
    await judge(page, token);
    await page.getByRole('alert').filter({ hasText: 'The gateway does not answer' }).waitFor();
    await assertAccessible(page, 'gone');
  });
});

test('the admin token is asked for, kept in memory, and a wrong one is told of', { skip }, async (t) => {
  const adminToken = secret('an-admin-token-of-this-test-alone');
  const { origin, provider } = await startAll(t, { token: adminToken });
  const browser = await startBrowser(t);
  const { page } = await open(t, browser, origin);
  await page.getByRole('textbox', { name: 'Admin token' }).fill('another-admin-token-of-this-test');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').filter({ hasText: 'not accepted' }).waitFor();
  await assertAccessible(page, 'asked for the admin token');
  await page.getByRole('textbox', { name: 'Admin token' }).fill(adminToken);
  await page.keyboard.press('Enter');
  await judge(page, await provider.token());
  await judgedAs(page, 'pass');
  assert.ok(!(await stored(page)).includes(adminToken));
  await page.reload();
  await page.getByRole('textbox', { name: 'Admin token' }).waitFor();
});
