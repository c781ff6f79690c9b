import type { JsonObject } from '@keyturn/protocol';
import { runnable } from '../check.ts';
import { attributeOf, mayExchange, type RealmFacts, realmFacts, textMember } from '../facts.ts';

/** FACTS §4: what a personal access token's `exp` is made of. */
export const patLifespan = runnable<RealmFacts>({
  id: 'pat-lifespan',
  why: 'A token lives as long as the shortest of four settings, less the age of the login; the issuer’s own lifespan is only one of them.',
  needs: 'clients that exchange tokens (admin login)',
  gather: realmFacts,
  judge: ({ realm, clients }) =>
    clients
      .filter((client) => mayExchange(client) && attributeOf(client, 'access.token.lifespan') !== '')
      .map((client) => {
        const name = textMember(client, 'clientId');
        const looked = `client ${name}, how long a token issued now lives`;
        const { seconds, cap, wanted } = computeLifespan(realm, client);
        if (seconds >= wanted) return { severity: 'ok', looked, found: `${days(seconds)}, less the age of the login` };
        return {
          severity: 'warning',
          looked,
          found: `${days(seconds)} at most, not ${days(wanted)}: ${cap} caps it`,
          mend: cap.startsWith('realm')
            ? `set ${cap.split(' ')[1]}: ${wanted} in the realm file (recipe pat-issuer does), then keyturn realm apply`
            : `keyturn realm apply --target "client ${name}"`,
        };
      }),
});

/** The longest life of a token of this client in a fresh session, and the setting that ends it. 0 and less: not set. */
export function computeLifespan(
  realm: JsonObject,
  client: JsonObject,
): { readonly seconds: number; readonly wanted: number; readonly cap: string } {
  const of = (value: unknown) => (Number(value) > 0 ? Number(value) : Number.POSITIVE_INFINITY);
  const own = Number(attributeOf(client, 'access.token.lifespan') || realm['accessTokenLifespan']);
  const clientMax = Number(attributeOf(client, 'client.session.max.lifespan'));
  const settings: readonly (readonly [number, string])[] = [
    // -1: the rest of the session.
    [own < 0 ? Number.POSITIVE_INFINITY : own, 'client access.token.lifespan'],
    [of(realm['ssoSessionMaxLifespan']), 'realm ssoSessionMaxLifespan'],
    clientMax > 0
      ? [clientMax, 'client client.session.max.lifespan']
      : [of(realm['clientSessionMaxLifespan']), 'realm clientSessionMaxLifespan'],
  ];
  const [seconds, cap] = settings.reduce((least, one) => (one[0] < least[0] ? one : least));
  return { seconds, cap, wanted: own < 0 ? seconds : own };
}

function days(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'without end';
  return seconds >= 86_400 ? `${Math.round(seconds / 8640) / 10} days` : `${seconds} s`;
}
