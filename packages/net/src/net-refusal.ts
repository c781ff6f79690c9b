import { type Bytes, type Milliseconds, unreachable } from '@keyturn/protocol';

/**
 * Why an outbound call brought no answer. Facts name hosts, ports, addresses and error codes; never a path, a query,
 * a header or a body, so that a refusal can be logged and shown.
 *
 * `sent` says whether the request may have reached the other side, for callers that must not do a thing twice.
 */
export type NetRefusal =
  | { readonly why: 'bad-url'; readonly problem: 'unreadable' | 'userinfo' }
  | { readonly why: 'scheme'; readonly scheme: string }
  /** A header name, header value or method that HTTP forbids, or that is not the caller's to set. */
  | { readonly why: 'bad-request'; readonly part: string }
  | { readonly why: 'blocked-host'; readonly host: string; readonly port: number }
  | {
      readonly why: 'blocked-address';
      readonly host: string;
      readonly port: number;
      readonly address: string;
      /** As ipaddr.js names it (`private`, `loopback`, `linkLocal`, …), or `metadata`. */
      readonly range: string;
    }
  | { readonly why: 'dns'; readonly host: string; readonly code: string }
  | { readonly why: 'connect'; readonly host: string; readonly port: number; readonly code: string }
  | { readonly why: 'tls'; readonly host: string; readonly port: number; readonly code: string }
  | {
      readonly why: 'timeout';
      readonly host: string;
      readonly port: number;
      readonly limit: Milliseconds;
      readonly phase: 'connect' | 'headers' | 'body';
      readonly sent: boolean;
    }
  | { readonly why: 'too-large'; readonly host: string; readonly port: number; readonly limit: Bytes }
  | {
      readonly why: 'redirect';
      readonly host: string;
      readonly status: number;
      readonly problem: 'not-followed' | 'too-many' | 'bad-location' | 'downgrade' | 'body-to-another-origin';
      /** The origin that it points to, without path and query. */
      readonly to: string | undefined;
    }
  /** The connection broke, or what came was not HTTP or in an encoding nobody asked for. */
  | { readonly why: 'bad-answer'; readonly host: string; readonly port: number; readonly code: string }
  | { readonly why: 'aborted'; readonly by: 'caller' | 'close'; readonly sent: boolean };

/** One sentence for a log or an operator: what happened, and what would mend it where that is known. */
export function explainNetRefusal(refusal: NetRefusal): string {
  switch (refusal.why) {
    case 'bad-url':
      return refusal.problem === 'userinfo'
        ? 'the URL holds a user name or password; give credentials apart from the URL'
        : 'the URL cannot be read';
    case 'scheme':
      return `the URL's scheme is ${refusal.scheme}; only http and https are called`;
    case 'bad-request':
      return `the request's ${refusal.part} is not legal HTTP or may not be set here`;
    case 'blocked-host':
      return `${refusal.host}:${refusal.port} is not in the list of allowed hosts`;
    case 'blocked-address':
      return `${refusal.host}:${refusal.port} leads to ${refusal.address}, which is not a public address (${refusal.range}); ${
        refusal.range === 'metadata'
          ? 'it hands out cloud credentials and stays closed'
          : 'if it is meant, allow the host by name, address or range'
      }`;
    case 'dns':
      return `the name ${refusal.host} could not be resolved (${refusal.code})`;
    case 'connect':
      return `no connection to ${refusal.host}:${refusal.port} (${refusal.code})`;
    case 'tls':
      return `the TLS certificate or handshake of ${refusal.host}:${refusal.port} was not accepted (${refusal.code})`;
    case 'timeout':
      return `${refusal.host}:${refusal.port} took longer than ${refusal.limit} ms (waiting for ${waitingFor[refusal.phase]})`;
    case 'too-large':
      return `the answer of ${refusal.host}:${refusal.port} is larger than ${refusal.limit} bytes`;
    case 'redirect':
      return explainRedirect(refusal);
    case 'bad-answer':
      return `${refusal.host}:${refusal.port} gave no usable HTTP answer (${refusal.code})`;
    case 'aborted':
      return refusal.by === 'caller' ? 'the call was given up' : 'the call was ended because the client is closed';
    default:
      return unreachable(refusal);
  }
}

const waitingFor = { connect: 'the connection', headers: 'the answer', body: "the answer's body" } as const;

function explainRedirect(refusal: NetRefusal & { readonly why: 'redirect' }): string {
  const from = `${refusal.host} answered ${refusal.status}`;
  const to = refusal.to === undefined ? '' : ` to ${refusal.to}`;
  switch (refusal.problem) {
    case 'not-followed':
      return `${from} and points elsewhere${to}; redirects are not followed here, so configure the final address`;
    case 'too-many':
      return `${from} after too many redirects${to}`;
    case 'bad-location':
      return `${from} with a Location that cannot be followed`;
    case 'downgrade':
      return `${from} and points from https to http${to}`;
    case 'body-to-another-origin':
      return `${from} and asks to send the request's body on to another origin${to}`;
    default:
      return unreachable(refusal.problem);
  }
}
