import type { IdpFault } from '../config/idp.ts';

export interface Service {
  /** Starts listening on all ports. A taken port rejects with `EADDRINUSE`. */
  readonly listen: () => Promise<{
    readonly url: string;
    readonly managementUrl: string;
    /** Of envoy.service.auth.v3, where the section `edge` is present. */
    readonly grpcUrl?: string | undefined;
  }>;
  readonly close: () => Promise<void>;
}

/** Why the service was not built: the configuration contradicts itself, or the issuer cannot be used. */
export type ComposeFault =
  | { readonly why: 'settings'; readonly faults: readonly IdpFault[] }
  | { readonly why: 'oidc'; readonly issuer: string; readonly message: string };
