// The one file that brands amounts: elsewhere a number with a unit can only come from these functions.

declare const unit: unique symbol;

/** A duration in whole or fractional seconds. */
export type Seconds = number & { readonly [unit]: 'seconds' };
/** A duration in milliseconds. */
export type Milliseconds = number & { readonly [unit]: 'milliseconds' };
/** Seconds since 1970-01-01T00:00:00Z, as in `exp`, `iat` and `nbf` (RFC 7519 §2, NumericDate). */
export type EpochSeconds = number & { readonly [unit]: 'epoch-seconds' };
/** Milliseconds since 1970-01-01T00:00:00Z, as `Date.now()` gives them. */
export type EpochMilliseconds = number & { readonly [unit]: 'epoch-milliseconds' };
/** An amount of memory or of a body, in bytes. */
export type Bytes = number & { readonly [unit]: 'bytes' };

/** Where time comes from. Passed in, so that no test waits. */
export type Clock = () => EpochMilliseconds;

export const seconds = (n: number): Seconds => n as Seconds;
export const minutes = (n: number): Seconds => (n * 60) as Seconds;
export const hours = (n: number): Seconds => (n * 3600) as Seconds;
export const days = (n: number): Seconds => (n * 86_400) as Seconds;
export const milliseconds = (n: number): Milliseconds => n as Milliseconds;
export const bytes = (n: number): Bytes => n as Bytes;
export const kibibytes = (n: number): Bytes => (n * 1024) as Bytes;
export const mebibytes = (n: number): Bytes => (n * 1024 * 1024) as Bytes;
export const epochSeconds = (n: number): EpochSeconds => n as EpochSeconds;
export const epochMilliseconds = (n: number): EpochMilliseconds => n as EpochMilliseconds;

/** A duration in seconds as milliseconds, for timers. */
export const toMilliseconds = (duration: Seconds): Milliseconds => (duration * 1000) as Milliseconds;

/** The current second of a clock, rounded down as Keycloak does. */
export const secondsOf = (at: EpochMilliseconds): EpochSeconds => Math.floor(at / 1000) as EpochSeconds;

/** A moment later (or, with a negative duration, earlier). */
export const after = (at: EpochSeconds, duration: Seconds): EpochSeconds => (at + duration) as EpochSeconds;
