import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { Checks } from '../edge/checks.ts';
import { logIn } from './log-in.ts';
import type { Stage } from './stage.ts';

/** Where pictures of the pages are left, for people to look at; nowhere if it is not set. */
const pictures = process.env['SCREENSHOTS'];

/**
 * The page of a request in a real browser, as wide as a phone: whoever started it confirms it there, and nobody whom the
 * address was sent to, no other site and no frame does; a reviewer approves it by a click.
 */
export async function checkRequestPage(stage: Stage, browser: Browser, checks: Checks): Promise<void> {
  const john = await enter(stage, browser, 'john');
  const name = await ask(stage, john);
  const address = `${stage.keyturn}/agent-requests/${name}`;
  const isConfirmed = async (): Promise<boolean> => {
    const { conditions } = (await inScript(stage, john, `/agent-requests/${name}`)) as {
      conditions: { type: string }[];
    };
    return conditions.some(({ type }) => type === 'Confirmed');
  };

  const page = await john.newPage();
  await page.goto(address);
  checks.that('the page says what is asked', (await page.textContent('main'))?.includes('bank://account') === true);
  checks.that('it fits on a phone', await fits(page));
  await picture(page, 'request-asked');

  const jane = await enter(stage, browser, 'jane');
  const led = await jane.newPage();
  const answer = await led.goto(address);
  checks.that('whoever was sent the address finds nothing', answer?.status() === 404, answer?.status());
  checks.that('and nothing to press', (await led.locator('form').count()) === 0);
  checks.that('it fits on a phone, too', await fits(led));
  await picture(led, 'request-of-another');

  await checkOtherSites(page, address, checks);
  checks.that('nobody has confirmed it yet', !(await isConfirmed()));

  await page.goto(address);
  await Promise.all([page.waitForURL(address), page.click('button[value=confirm]')]);
  checks.that('its person confirms it by a click', await isConfirmed());
  checks.that('which approves nothing', (await page.textContent('h1')) === 'This waits for people');

  const rita = await enter(stage, browser, 'rita');
  const review = await rita.newPage();
  await review.goto(address);
  checks.that(
    'a reviewer reads that it was confirmed',
    (await review.textContent('main'))?.includes('confirmed that they ask') === true,
  );
  await review.fill('#reason', 'Fine, this once.');
  await picture(review, 'request-to-review');
  await Promise.all([review.waitForURL(address), review.click('button[value=approve]')]);
  checks.that('and approves it by a click', (await review.textContent('h1')) === 'This is approved');
  checks.that('with the comment on it', (await review.textContent('main'))?.includes('Fine, this once.') === true);
  await picture(review, 'request-approved');
  for (const context of [john, jane, rita]) await context.close();
}

async function enter(stage: Stage, browser: Browser, username: string): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: { width: 360, height: 740 } });
  const page = await context.newPage();
  await page.goto(`${stage.keyturn}/login`);
  await logIn(page, username);
  await page.close();
  return context;
}

/** What somebody asks, with names as long as they come. */
async function ask(stage: Stage, context: BrowserContext): Promise<string> {
  const { csrf_token: token } = (await inScript(stage, context, '/api/v1/session')) as { csrf_token: string };
  const asked = await inScript(stage, context, '/agent-requests', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-csrf-token': token },
    body: JSON.stringify({
      action: 'pay',
      targetURI: `bank://account/${'0123456789'.repeat(8)}`,
      reason: 'The rent \u202e is due.',
      parameters: { amount: 700, currency: 'EUR', to: { name: 'Landlord', iban: 'DE02'.repeat(12) } },
    }),
  });
  const { name } = asked as { name?: string };
  if (name === undefined) throw new Error(`asking answered ${JSON.stringify(asked)}`);
  return name;
}

/** What a script of Keyturn's own origin gets as JSON, in the session of this browser. */
async function inScript(stage: Stage, context: BrowserContext, path: string, init: object = {}): Promise<unknown> {
  const page = await context.newPage();
  // JSON has no policy that would keep scripts from asking.
  await page.goto(`${stage.keyturn}/api/v1/session`);
  const answer: unknown = await page.evaluate(
    `fetch(${JSON.stringify(path)}, ${JSON.stringify(init)}).then((answer) => answer.json())`,
  );
  await page.close();
  return answer;
}

/** Another site's page sends the form, and frames the page, with the person's cookies at hand. */
async function checkOtherSites(page: Page, address: string, checks: Checks): Promise<void> {
  const digest = await page.getAttribute('input[name=digest]', 'value');
  const fields = `<input name="digest" value="${digest ?? ''}"><input name="csrf_token" value="x"><button name="decision" value="confirm">Win!</button>`;
  await page.route('http://evil.localhost/**', (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<form method="post" action="${address}">${fields}</form><iframe src="${address}"></iframe>`,
    }),
  );
  await page.goto('http://evil.localhost/');
  const [, frame] = page.frames();
  const framed = await frame?.locator('button[value=confirm]').count();
  checks.that('no other site frames it', (framed ?? 0) === 0, framed);
  await Promise.all([page.waitForURL(address), page.click('button')]);
  checks.that('a form of another site is turned away', (await page.locator('button[value=confirm]').count()) === 0);
}

async function fits(page: Page): Promise<boolean> {
  return (await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')) === true;
}

async function picture(page: Page, name: string): Promise<void> {
  if (pictures !== undefined) await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}
