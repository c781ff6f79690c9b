import type { EpochMilliseconds } from '@keyturn/protocol';

/** What a listener is told. */
export type NotificationHandler = (payload: string) => void;

/** Called when notifications may have been missed (the connection was lost and is back): read again what you keep. */
export type MissedHandler = () => void | Promise<void>;

/** Ends one listening. */
export type StopListening = () => void;

/** How far this process has heard. */
export interface Hearing {
  /**
   * Everything that was notified before this moment has been delivered here. A listener that must fail closed compares
   * it with the clock; it stands still while nothing can be heard.
   */
  readonly since: EpochMilliseconds;
}

interface Listener {
  readonly heard: NotificationHandler;
  readonly missed: MissedHandler | undefined;
}

/** Who listens to what in this process. A handler that throws harms no other. */
export class Listeners {
  readonly #byChannel = new Map<string, Set<Listener>>();
  readonly #report: (error: unknown) => void;

  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  add(channel: string, heard: NotificationHandler, missed: MissedHandler | undefined): StopListening {
    const listener = { heard, missed };
    const listeners = this.#byChannel.get(channel) ?? new Set();
    listeners.add(listener);
    this.#byChannel.set(channel, listeners);
    return () => void listeners.delete(listener);
  }

  deliver(channel: string, payload: string): void {
    for (const { heard } of this.#byChannel.get(channel) ?? []) {
      try {
        heard(payload);
      } catch (error) {
        this.#report(error);
      }
    }
  }

  /** Resolves when every listener has caught up; rejects if one could not, so that it is asked again. */
  async tellMissed(): Promise<void> {
    const all = [...this.#byChannel.values()].flatMap((listeners) => [...listeners]);
    await Promise.all(all.map(async ({ missed }) => missed?.()));
  }
}
