import { type IdpState, type Realm, takeSingleUse } from '../../model/index.ts';
import { textOf } from '../text-of.ts';

const prefix = 'urn:ietf:params:oauth:request_uri:';

/**
 * The parameters that a client pushed beforehand (RFC 9126), if the request names them; they count once, and only for
 * the client that pushed them. Undefined: the request stands by itself.
 */
export function takePushedRequest(
  state: IdpState,
  realm: Realm,
  sent: URLSearchParams,
): URLSearchParams | 'unknown' | undefined {
  const uri = sent.get('request_uri');
  if (uri === null || !uri.startsWith(prefix)) return undefined;
  const taken = takeSingleUse(state, realm.id, 'par', uri.slice(prefix.length));
  if (taken === undefined) return 'unknown';
  const parameters = new URLSearchParams(textOf(taken.body['parameters']));
  return parameters.get('client_id') === sent.get('client_id') ? parameters : 'unknown';
}
