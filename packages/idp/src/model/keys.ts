import type { Document } from './documents.ts';

/** What a key provider of Keycloak makes. Those without `-generated` were given by the administrator. */
export type KeyProviderId =
  | 'rsa-generated'
  | 'rsa-enc-generated'
  | 'rsa'
  | 'rsa-enc'
  | 'ecdsa-generated'
  | 'eddsa-generated'
  | 'hmac-generated'
  | 'aes-generated';

/**
 * A key of a realm together with the component that provides it. `id` is the component's id; higher `priority` signs.
 * `material` is absent until somebody first needs the key: an RSA key takes 50 to 200 ms to make.
 */
export interface RealmKey extends Document {
  readonly name: string;
  readonly providerId: KeyProviderId;
  readonly priority: number;
  /** Disabled: not published, not accepted. */
  readonly enabled: boolean;
  /** Not active: still published and accepted, but signs nothing new. */
  readonly active: boolean;
  /** `RS256` … `EdDSA`, `RSA-OAEP`, `HS512`, `AES`. */
  readonly algorithm: string;
  readonly use: 'SIG' | 'ENC';
  readonly config: Readonly<Record<string, readonly string[]>>;
  readonly material?: KeyMaterial;
}

/** Key id and secret part; `certificate` is base64 DER. */
export type KeyMaterial =
  | {
      readonly kid: string;
      readonly privateKeyPem: string;
      readonly publicKeyPem: string;
      readonly certificate?: string;
      readonly notAfter?: number;
    }
  | { readonly kid: string; readonly secret: string };

/** Any other component of the admin API (client registration policies …): stored and shown, not obeyed. */
export interface Component extends Document {
  readonly name: string;
  readonly providerId: string;
  readonly providerType: string;
  readonly parentId: string;
  readonly subType?: string;
  readonly config: Readonly<Record<string, readonly string[]>>;
}

/** An initial access token for dynamic client registration. */
export interface InitialAccess extends Document {
  readonly timestamp: number;
  readonly expiration: number;
  readonly count: number;
  readonly remainingCount: number;
}
