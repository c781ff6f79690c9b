import type { JsonObject } from '@keyturn/protocol';
import { membersOf, objectsOf, textOf } from '../../model/members.ts';
import { runnable, type Verdict } from '../check.ts';
import { type Answer, ask, realmFacts, withoutSlash } from '../facts.ts';

interface Facts {
  readonly answer: Answer;
  /** Clients of the realm, to find audiences that name none; undefined without an admin login. */
  readonly clientIds: readonly string[] | undefined;
}

/** Seed 003: "Token Exchange Returns Agent Token Unchanged". */
export const sources = runnable<Facts>({
  id: 'sources',
  why: 'A source without default_audience gets no exchanged token: its calls are refused, or the agent’s own token is passed on to a service that it was not meant for.',
  needs: 'Keyturn’s sources (--keyturn-url, --token)',
  async gather(context) {
    const { keyturnUrl, token } = context.settings;
    if (keyturnUrl === undefined || token === undefined) return undefined;
    const answer = await ask(context, `${withoutSlash(keyturnUrl)}/api/v1/sources`, { bearer: token });
    const realm = await realmFacts(context);
    return { answer, clientIds: realm?.clients.map((client) => textOf(client['clientId'])) };
  },
  judge({ answer, clientIds }) {
    const looked = answer.url;
    if (answer.status !== 200) {
      const found = answer.status === undefined ? `not reachable: ${answer.failure}` : `${answer.status}`;
      return [
        {
          severity: 'error',
          looked,
          found,
          mend: 'give a token that Keyturn accepts; keyturn doctor --token looks at it',
        },
      ];
    }
    return objectsOf(membersOf(answer.body)['sources']).flatMap((source) => judgeSource(source, clientIds));
  },
});

function judgeSource(source: JsonObject, clientIds: readonly string[] | undefined): readonly Verdict[] {
  const looked = `source ${textOf(source['slug']) || textOf(source['name'])}, default_audience`;
  const audience = textOf(source['default_audience']);
  const mend = `PATCH /api/v1/sources/${textOf(source['id'])} {"default_audience": "<client id of the service>"}`;
  if (audience === '') return [{ severity: 'warning', looked, found: 'empty: no token is exchanged for it', mend }];
  if (clientIds === undefined || clientIds.includes(audience)) return [];
  return [{ severity: 'error', looked, found: `${audience} is no client of the realm ("Audience not found")`, mend }];
}
