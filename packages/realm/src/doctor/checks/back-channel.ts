import { membersOf } from '../../model/members.ts';
import { runnable } from '../check.ts';
import { type Answer, discoveryAt } from '../facts.ts';

interface Facts {
  readonly inside: Answer;
  readonly insideUrl: string;
}

/** Seed 004: services talk to Keycloak directly, browsers through the gateway. */
export const backChannel = runnable<Facts>({
  id: 'back-channel',
  why: 'If the token and key addresses in discovery are public ones, services go out and come back in (hairpin): slow, often blocked by the network, and secrets leave the host.',
  needs: 'discovery from inside (--inside-url)',
  async gather(context) {
    const { insideUrl } = context.settings;
    return insideUrl === undefined ? undefined : { insideUrl, inside: await discoveryAt(context, insideUrl) };
  },
  judge({ inside, insideUrl }) {
    const host = new URL(insideUrl).host;
    const document = membersOf(inside.body);
    return ['token_endpoint', 'jwks_uri', 'introspection_endpoint'].flatMap((name) => {
      const address = document[name];
      if (typeof address !== 'string' || URL.parse(address)?.host === host) return [];
      return [
        {
          severity: 'warning',
          looked: `${inside.url}, ${name}`,
          found: `points to ${address}`,
          mend: 'start Keycloak with a full URL as --hostname and --hostname-backchannel-dynamic=true, or set the key address of services (jwksUrl) to the inside one',
        },
      ] as const;
    });
  },
});
