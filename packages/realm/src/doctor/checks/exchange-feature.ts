import { isAtLeast, type ServerVersion } from '../../live/server-version.ts';
import { runnable } from '../check.ts';
import { serverFacts } from '../facts.ts';

/** Seed 003, step 1. `kc.sh show-config | grep token-exchange` prints nothing either way. */
export const exchangeFeature = runnable<ServerVersion>({
  id: 'exchange-feature',
  why: 'Standard Token Exchange (V2) is part of Keycloak since 26.2; without it the grant is refused.',
  needs: 'the server’s version and features (admin login)',
  gather: serverFacts,
  judge({ version, features }) {
    if (version !== undefined && !isAtLeast(version, '26.2'))
      return [
        { severity: 'error', looked: 'server version', found: version, mend: 'update Keycloak to 26.2 or newer' },
      ];
    if (features.get('TOKEN_EXCHANGE_STANDARD_V2') === false)
      return [
        {
          severity: 'error',
          looked: 'feature TOKEN_EXCHANGE_STANDARD_V2',
          found: 'off',
          mend: 'remove token-exchange-standard from --features-disabled',
        },
      ];
    return [];
  },
});
