import { type JsonObject, ok, type Result, refuse } from '@keyturn/protocol';
import { text, texts } from '../../import/fields.ts';
import type { NewClient } from '../../model/index.ts';
import { clientFromMetadata } from '../registration/metadata.ts';

// Client ID Metadata Documents (draft-ietf-oauth-client-id-metadata-document): the client's id is the address of a
// document that says who it is. Whoever can name a URL can name one, so everything in it is a stranger's word.

export type MetadataDocumentRefusal =
  | { readonly why: 'bad-url' }
  | { readonly why: 'domain-not-trusted' }
  | { readonly why: 'wrong-client-id' }
  | { readonly why: 'secret' }
  | { readonly why: 'foreign-redirect-uri'; readonly uri: string }
  | { readonly why: 'metadata'; readonly description: string };

/** Whether a client id is the address of a metadata document: https, with a path, without fragment, credentials or dots. */
export function isMetadataUrl(clientId: string): boolean {
  if (!clientId.startsWith('https://') || clientId.includes('#') || !URL.canParse(clientId)) return false;
  const url = new URL(clientId);
  // Compared in one spelling only: another one would be another client, with the same document.
  return url.href === clientId && url.username === '' && url.password === '' && url.pathname.length > 1;
}

/** Whether the host is among the trusted domains: `example.com`, or `*.example.com` for all below it. None: nobody is. */
export function isTrustedHost(host: string, trusted: readonly string[]): boolean {
  return trusted.some((domain) => (domain.startsWith('*.') ? host.endsWith(domain.slice(1)) : host === domain));
}

/** The client that a document describes. Its redirect URIs are its own host's, or the machine's own for native clients. */
export function clientFromDocument(url: string, document: JsonObject): Result<NewClient, MetadataDocumentRefusal> {
  if (text(document, 'client_id') !== url) return refuse({ why: 'wrong-client-id' });
  const method = text(document, 'token_endpoint_auth_method') ?? 'none';
  // A secret that stands in a public document is none.
  if (method !== 'none' && method !== 'private_key_jwt') return refuse({ why: 'secret' });
  const { host } = new URL(url);
  const foreign = texts(document['redirect_uris']).find((uri) => !URL.canParse(uri) || !isOwn(new URL(uri), host));
  if (foreign !== undefined) return refuse({ why: 'foreign-redirect-uri', uri: foreign });
  const made = clientFromMetadata({ ...document, token_endpoint_auth_method: method });
  if (!made.ok) return refuse({ why: 'metadata', description: made.refusal.description });
  return ok({
    ...made.value,
    clientId: url,
    consentRequired: true,
    serviceAccountsEnabled: false,
    directAccessGrantsEnabled: false,
    attributes: { ...made.value.attributes, 'pkce.code.challenge.method': 'S256' },
  });
}

function isOwn(redirect: URL, host: string): boolean {
  const loopback = ['127.0.0.1', '[::1]', 'localhost'].includes(redirect.hostname);
  return loopback ? redirect.protocol === 'http:' : redirect.protocol === 'https:' && redirect.host === host;
}
