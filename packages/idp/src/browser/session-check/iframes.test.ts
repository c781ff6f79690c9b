import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestIdp } from '../../testing/index.ts';
import { testBrowser } from '../test-browser.ts';
import { callback, parameterOf, signIn, startDemo } from '../test-realm.ts';

let idp: TestIdp;
beforeAll(async () => {
  idp = await startDemo({
    clients: [{ clientId: 'app', secret: 'app-secret', redirectUris: [callback], webOrigins: ['+'] }],
  });
});
afterAll(() => idp.close());

const at = (path: string): string => `${idp.issuer('demo')}/protocol/openid-connect/${path}`;

describe('the session check', () => {
  it.each(['login-status-iframe.html', '3p-cookies/step1.html'])(
    'may be framed and runs one script only: %s',
    async (path) => {
      const { html, headers } = await testBrowser().get(at(path));
      const script = /<script>([\s\S]*?)<\/script>/.exec(html)?.[1] ?? '';
      const hash = createHash('sha256').update(script).digest('base64');
      expect(headers['content-security-policy']).toBe(
        `default-src 'none'; script-src 'sha256-${hash}'; connect-src 'self'; base-uri 'none'; frame-ancestors *`,
      );
    },
  );

  it('answers a client’s own web origins only', async () => {
    const init = async (clientId: string, origin: string): Promise<number> => {
      const query = new URLSearchParams({ client_id: clientId, origin });
      return (await testBrowser().get(at(`login-status-iframe.html/init?${query.toString()}`))).status;
    };
    expect(await init('app', 'http://localhost:3000')).toBe(204);
    expect(await init('app', 'http://evil.example.com')).toBe(403);
    expect(await init('nobody', 'http://localhost:3000')).toBe(403);
  });

  it('compares with a cookie that holds the session’s hash, not its id', async () => {
    const browser = testBrowser();
    const sid = parameterOf(await signIn(idp, browser), 'session_state');
    expect(browser.cookies.get('KEYCLOAK_SESSION')).toBe(createHash('sha256').update(sid).digest('base64url'));
  });
});
