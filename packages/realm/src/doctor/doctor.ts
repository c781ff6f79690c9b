import type { DoctorContext, Finding, RunnableCheck } from './check.ts';
import { alias } from './checks/alias.ts';
import { backChannel } from './checks/back-channel.ts';
import { basicScope } from './checks/basic-scope.ts';
import { breaker } from './checks/breaker.ts';
import { clientSecret } from './checks/client-secret.ts';
import { clock } from './checks/clock.ts';
import { events } from './checks/events.ts';
import { exchangeAttribute } from './checks/exchange-attribute.ts';
import { exchangeFeature } from './checks/exchange-feature.ts';
import { fullScope } from './checks/full-scope.ts';
import { gatewaySettings } from './checks/gateway-settings.ts';
import { health } from './checks/health.ts';
import { idTokenAudience } from './checks/id-token-audience.ts';
import { incompleteUsers } from './checks/incomplete-users.ts';
import { introspection } from './checks/introspection.ts';
import { issuer } from './checks/issuer.ts';
import { keys } from './checks/keys.ts';
import { loginProxy } from './checks/login-proxy.ts';
import { logout } from './checks/logout.ts';
import { patLifespan } from './checks/pat-lifespan.ts';
import { plainHttp } from './checks/plain-http.ts';
import { port } from './checks/port.ts';
import { realmFile } from './checks/realm-file.ts';
import { secretStandIn } from './checks/secret-stand-in.ts';
import { serverSettings } from './checks/server-settings.ts';
import { sources } from './checks/sources.ts';
import { token } from './checks/token.ts';
import { v1Leftovers } from './checks/v1-leftovers.ts';

/** Every check, from the network inwards: what fails first often explains what follows. */
export const checks: readonly RunnableCheck[] = [
  port,
  issuer,
  alias,
  backChannel,
  keys,
  loginProxy,
  clock,
  health,
  plainHttp,
  serverSettings,
  gatewaySettings,
  realmFile,
  token,
  clientSecret,
  introspection,
  exchangeFeature,
  exchangeAttribute,
  fullScope,
  v1Leftovers,
  patLifespan,
  events,
  secretStandIn,
  basicScope,
  idTokenAudience,
  incompleteUsers,
  logout,
  sources,
  breaker,
];

/** Runs all checks, or those named, one after the other: a server that is unwell is not asked everything at once. */
export async function runDoctor(
  context: Omit<DoctorContext, 'once'>,
  only?: readonly string[],
): Promise<readonly Finding[]> {
  const gathered = new Map<string, Promise<unknown>>();
  const once = <Value>(key: string, gather: () => Promise<Value>): Promise<Value> => {
    const known = gathered.get(key) ?? gather();
    gathered.set(key, known);
    // The same key always comes with the same gatherer, so the type is the one that was put in.
    return known as Promise<Value>;
  };
  const findings: Finding[] = [];
  for (const check of checks) {
    if (only === undefined || only.includes(check.id)) findings.push(...(await check.run({ ...context, once })));
  }
  return findings;
}
