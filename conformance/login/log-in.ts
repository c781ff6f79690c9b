import type { Page } from 'playwright-core';

/** Fills in the identity provider's form, and is back at Keyturn. Each user's password is their name. */
export async function logIn(page: Page, username: string): Promise<void> {
  await page.waitForSelector('#username');
  await page.fill('#username', username);
  await page.fill('#password', username);
  await Promise.all([page.waitForURL((url) => url.hostname === 'keyturn.localhost'), page.press('#password', 'Enter')]);
}
