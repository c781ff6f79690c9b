import type { Browser, BrowserContext, Page } from 'playwright-core';
import { type Checks, keepChecks } from '../edge/checks.ts';
import { NoChromium, openChromium } from '../parts/chromium.ts';
import { logIn } from './log-in.ts';
import { checkRequestPage } from './request-page.ts';
import { openStage, type Stage } from './stage.ts';

/**
 * A person with a real browser: logs in, confirms and approves requests on their pages, sees their roles, loses a group and with it the role without logging in again,
 * logs out here, and everywhere. The identity provider and Keyturn have other names for the browser than for each other.
 */
export async function run(parts: {
  idp: 'embedded' | 'keycloak';
  keycloakUrl?: string;
}): Promise<{ line: string; ok: boolean }> {
  let browser: Browser;
  try {
    browser = await openChromium();
  } catch (error) {
    if (!(error instanceof NoChromium) || process.env['CI'] !== undefined) throw error;
    return { line: `login (${parts.idp}): skipped: ${error.message}`, ok: true };
  }
  const checks = keepChecks((text) => console.error(text));
  let stage: Stage | undefined;
  try {
    stage = await openStage(parts.keycloakUrl);
    const context = await browser.newContext({ viewport: { width: 360, height: 740 } });
    await checkLogin(stage, context, checks);
    const seconds = await checkGroups(stage, context, checks);
    await checkOtherSite(stage, context, checks);
    await checkRequestPage(stage, browser, checks);
    await checkEverywhere(stage, browser, context, checks);
    await checkIdpLogout(stage, context, checks);
    const failed = checks.failed();
    return {
      ok: failed.length === 0,
      line: `login (${parts.idp}): ${checks.passed()} passed, ${failed.length} failed; a lost group bites after ${seconds.toFixed(1)} s without a login`,
    };
  } finally {
    await browser.close();
    await stage?.close();
  }
}

async function rolesOn(page: Page): Promise<readonly string[]> {
  return await page.locator('#roles li').allTextContents();
}

async function isLoggedIn(page: Page, { keyturn }: Stage): Promise<boolean> {
  await page.goto(`${keyturn}/`);
  return (await page.locator('#roles').count()) > 0;
}

async function checkLogin(stage: Stage, context: BrowserContext, checks: Checks): Promise<void> {
  const page = await context.newPage();
  await page.goto(`${stage.keyturn}/`);
  await page.click('text=Log in');
  await page.waitForSelector('#username');
  checks.that('the login page has the public name', new URL(page.url()).origin === stage.idp, page.url());
  await logIn(page, 'john');
  checks.that('the browser is back on the start page', new URL(page.url()).pathname === '/', page.url());
  const roles = await rolesOn(page);
  checks.that('the role of a nested group is shown', roles.includes('Editor'), roles);
  checks.that('the role of a wildcard is shown', roles.includes('Watcher'), roles);
  const cookies = (await context.cookies(stage.keyturn)).map(({ name, httpOnly, sameSite }) => ({
    name,
    httpOnly,
    sameSite,
  }));
  checks.that(
    'one cookie is left, which no script can read',
    JSON.stringify(cookies) === JSON.stringify([{ name: 'keyturn_session', httpOnly: true, sameSite: 'Lax' }]),
    cookies,
  );
  checks.that('scripts see no cookie', (await page.evaluate('document.cookie')) === '');
  const wide = await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth');
  checks.that('the page fits on a phone', wide === true);
  await page.goto(`${stage.keyturn}/login?returnTo=${encodeURIComponent('//evil.example/x')}`);
  checks.that('a foreign returnTo leads to the start page', page.url() === `${stage.keyturn}/`, page.url());
  const fresh = await (await context.browser()?.newContext())?.newPage();
  if (fresh !== undefined) {
    await fresh.goto(`${stage.keyturn}/api/v1/tools`);
    checks.that('a page that needs a login leads there', new URL(fresh.url()).origin === stage.idp, fresh.url());
    await logIn(fresh, 'jane');
    checks.that('and back to where one wanted to go', fresh.url() === `${stage.keyturn}/api/v1/tools`, fresh.url());
    await fresh.context().close();
  }
  await page.close();
}

/** Takes a group away at the identity provider, and waits until the role is gone from the page: no login, no refresh. */
async function checkGroups(stage: Stage, context: BrowserContext, checks: Checks): Promise<number> {
  const page = await context.newPage();
  const [john] = (await stage.administer('GET', '/users?username=john&exact=true')) as { id: string }[];
  const groups = (await stage.administer('GET', `/users/${john?.id ?? ''}/groups`)) as { id: string; path: string }[];
  const editors = groups.find(({ path }) => path === '/staff/editors')?.id ?? '';
  await stage.administer('DELETE', `/users/${john?.id ?? ''}/groups/${editors}`);
  const startedAt = performance.now();
  let roles: readonly string[];
  do {
    await page.goto(`${stage.keyturn}/`);
    roles = await rolesOn(page);
  } while (roles.includes('Editor') && performance.now() - startedAt < 30_000);
  const seconds = (performance.now() - startedAt) / 1000;
  checks.that('the role of a lost group is gone without a login', !roles.includes('Editor'), roles);
  checks.that('the other role is still there', roles.includes('Watcher'), roles);
  await stage.administer('PUT', `/users/${john?.id ?? ''}/groups/${editors}`);
  await page.close();
  return seconds;
}

/** What a page of another site can do with the cookie of this browser: nothing. */
async function checkOtherSite(stage: Stage, context: BrowserContext, checks: Checks): Promise<void> {
  const page = await context.newPage();
  await page.route('http://evil.localhost/**', (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<form method="post" action="${stage.keyturn}/logout"><button>x</button></form>`,
    }),
  );
  await page.goto('http://evil.localhost/');
  await Promise.all([page.waitForURL(`${stage.keyturn}/logout`), page.click('button')]);
  checks.that('a form of another site logs nobody out', await isLoggedIn(page, stage));
  await page.goto('http://evil.localhost/');
  const answered: unknown = await page.evaluate(
    `fetch('${stage.keyturn}/api/v1/sessions', { method: 'DELETE', credentials: 'include' }).then((it) => it.status, () => 'refused')`,
  );
  checks.that('nor does a script of another site', answered === 'refused' && (await isLoggedIn(page, stage)), answered);
  await page.close();
}

async function checkEverywhere(stage: Stage, browser: Browser, context: BrowserContext, checks: Checks): Promise<void> {
  const other = await browser.newContext();
  const there = await other.newPage();
  await there.goto(`${stage.keyturn}/login`);
  await logIn(there, 'john');
  const page = await context.newPage();
  checks.that('both browsers are logged in', (await isLoggedIn(page, stage)) && (await isLoggedIn(there, stage)));
  await page.goto(`${stage.keyturn}/`);
  await page.click('#logout-everywhere');
  await page.waitForURL(`${stage.keyturn}/`);
  checks.that('“log out everywhere” ends this one', !(await isLoggedIn(page, stage)));
  checks.that('and the other', !(await isLoggedIn(there, stage)));
  await there.goto(`${stage.keyturn}/login`);
  const asked = await there.waitForSelector('#password', { timeout: 5000 }).then(
    () => true,
    () => false,
  );
  checks.that('and the identity provider asks for the password again', asked, there.url());
  await other.close();
  await page.close();
}

/** Logging out once more, this time by the word of the identity provider to Keyturn alone. */
async function checkIdpLogout(stage: Stage, context: BrowserContext, checks: Checks): Promise<void> {
  const page = await context.newPage();
  await page.goto(`${stage.keyturn}/login`);
  await logIn(page, 'john');
  checks.that('one can log in again', await isLoggedIn(page, stage));
  const [john] = (await stage.administer('GET', '/users?username=john&exact=true')) as { id: string }[];
  await stage.administer('POST', `/users/${john?.id ?? ''}/logout`);
  let is = true;
  for (const until = performance.now() + 10_000; is && performance.now() < until; ) is = await isLoggedIn(page, stage);
  checks.that('a logout at the identity provider ends the session here', !is);
  await page.close();
}
