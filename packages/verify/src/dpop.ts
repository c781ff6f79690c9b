/** What a DPoP proof is held to. RFC 9449 §4.3. */
export interface DpopOptions {
  readonly replay: unknown;
}
