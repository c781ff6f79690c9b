/** How the identity provider is reached, by Keycloak's option names. */
export interface HttpSettings {
  /**
   * `KC_HOSTNAME`: a full URL (`https://id.example.com/auth`) or a bare host name. Absent: the issuer follows each
   * request's Host header, which is the caller's to choose.
   */
  readonly hostname?: string;
  /** `KC_HOSTNAME_ADMIN`: the full URL under which the admin API is named. */
  readonly hostnameAdmin?: string;
  /** `KC_HOSTNAME_BACKCHANNEL_DYNAMIC`: token, keys and userinfo addresses follow the request. Needs a full URL as host name. */
  readonly hostnameBackchannelDynamic?: boolean;
  /** `KC_HTTP_RELATIVE_PATH`, such as `/auth`. Default: none. The management port follows it. */
  readonly httpRelativePath?: string;
  /** `KC_PROXY_HEADERS`: which headers of a trusted peer say how the client reached it. Default: neither is believed. */
  readonly proxyHeaders?: 'xforwarded' | 'forwarded';
  /** `KC_PROXY_TRUSTED_ADDRESSES`: peers whose headers are believed (addresses or CIDR). Default: loopback only. */
  readonly proxyTrustedAddresses?: readonly string[];
}

/** Checks settings that contradict each other; the text is Keycloak's. Undefined: nothing is wrong. */
export function faultOf(settings: HttpSettings): string | undefined {
  if (settings.hostnameBackchannelDynamic !== true) return undefined;
  if (settings.hostname === undefined)
    return 'hostname-backchannel-dynamic must be set to false when no hostname is provided';
  if (!isUrl(settings.hostname)) {
    return 'hostname-backchannel-dynamic must be set to false if hostname is not provided as full URL';
  }
  return undefined;
}

/** Whether a host name setting is a full URL. */
export function isUrl(hostname: string): boolean {
  return /^https?:\/\//i.test(hostname);
}

/** The relative path without a trailing slash: `''` or `/auth`. */
export function relativePathOf(settings: HttpSettings): string {
  const path = (settings.httpRelativePath ?? '').replace(/\/+$/, '');
  return path === '' || path.startsWith('/') ? path : `/${path}`;
}
