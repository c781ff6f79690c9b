import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** Why no browser can run here. A suite prints it and skips on a user's machine; in CI it is a failure. */
export class NoChromium extends Error {}

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** A headless Chromium: the one in CHROMIUM_PATH, else Debian's or another that is installed. Whoever opens it closes it. */
export async function openChromium(): Promise<Browser> {
  const executablePath = process.env['CHROMIUM_PATH'] ?? places.find((place) => existsSync(place));
  if (executablePath === undefined) {
    throw new NoChromium('Chromium is needed (apt-get install chromium, or CHROMIUM_PATH)');
  }
  // As root, as in containers, Chromium has no sandbox; it opens nothing here but our own pages.
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return await chromium.launch({ executablePath, args: [...sandbox, '--disable-gpu', '--no-proxy-server'] });
}
