import { readTrial } from '../../rotate/rotate-secret.ts';
import { runnable } from '../check.ts';
import { type Answer, ask, tokenEndpoint } from '../facts.ts';

interface Facts {
  readonly clientId: string;
  readonly answer: Answer;
}

/** Seed 004: "Client secret mismatch after reimport". */
export const clientSecret = runnable<Facts>({
  id: 'client-secret',
  why: 'After a re-import Keycloak has the secret of the realm file, and a service with another one cannot log anybody in. For an unknown client and a wrong secret Keycloak says the same.',
  needs: 'a client and the secret that a service has (--client-id, --client-secret)',
  async gather(context) {
    const { clientId, clientSecret: secret } = context.settings;
    if (clientId === undefined || secret === undefined) return undefined;
    const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: secret };
    return { clientId, answer: await ask(context, tokenEndpoint(context), { form }) };
  },
  judge({ clientId, answer }) {
    const looked = `a token request by ${clientId}`;
    if (answer.status === undefined) return [{ severity: 'error', looked, found: answer.failure ?? '' }];
    const trial = readTrial(answer.status, JSON.stringify(answer.body ?? {}));
    if (trial === undefined) return [{ severity: 'ok', looked, found: 'the secret is right' }];
    return [
      {
        severity: 'error',
        looked,
        found: `refused: ${trial}`,
        mend: `keyturn realm apply -f <file> --rotate ${clientId} writes the file’s secret; keyturn realm rotate-secret ${clientId} makes a new one`,
      },
    ];
  },
});
