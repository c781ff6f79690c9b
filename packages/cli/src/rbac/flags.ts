import type { ServerFlags } from '../ask.ts';

export interface ModelFlags extends ServerFlags {
  readonly file: string;
  readonly prune: boolean;
  readonly out?: string;
  readonly detailedExitcode?: boolean;
}

export interface WhoFlags extends ServerFlags {
  readonly user?: string;
  readonly object?: string;
}

export interface NewReviewFlags extends ServerFlags {
  readonly reviewer: readonly string[];
  readonly role: readonly string[];
  readonly deadline: string;
  readonly undecided: string;
}
