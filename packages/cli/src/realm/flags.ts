import type { ConnectFlags } from './connect.ts';

/** What every command that reads a realm file takes. */
export interface FileFlags {
  readonly file: string;
  readonly json?: boolean;
}

export interface PlanFlags extends FileFlags, ConnectFlags {
  readonly out?: string;
  readonly detailedExitcode?: boolean;
  readonly prune?: boolean;
  readonly rotate: readonly string[];
  readonly target: readonly string[];
}

export interface RotateFlags extends ConnectFlags {
  readonly realm: string;
  readonly toFile?: string;
  readonly toEnvFile?: string;
  readonly name: string;
  readonly toKubernetes?: string;
  readonly dropOld: boolean;
  readonly json?: boolean;
}
