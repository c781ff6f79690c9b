import type { AdminEvent, IdpEvent, IdpState, Realm } from './model/index.ts';

/** Takes events of users and administrators; what is kept is for the realm's event settings to say. */
export interface EventSink {
  /** Reports a user event; `error` makes it `<type>_ERROR`. Details hold no secrets. */
  user(realm: Realm, event: Omit<IdpEvent, 'id' | 'time' | 'realmId'>): void;
  admin(realm: Realm, event: Omit<AdminEvent, 'id' | 'time' | 'realmId'>): void;
  /** Called with every user event, stored or not: for metrics. */
  onUserEvent(listener: (event: IdpEvent) => void): void;
}

/** An event sink over the state's two logs. */
export function createEventSink(state: IdpState): EventSink {
  const listeners: ((event: IdpEvent) => void)[] = [];
  return {
    user: (realm, given) => {
      const event: IdpEvent = { id: state.newUuid(), time: state.clock(), realmId: realm.id, ...given };
      for (const listener of listeners) listener(event);
      if (!realm.eventsEnabled) return;
      if (realm.enabledEventTypes.length > 0 && !realm.enabledEventTypes.includes(event.type)) return;
      state.events.append(event);
    },
    admin: (realm, given) => {
      if (!realm.adminEventsEnabled) return;
      const { representation, ...rest } = given;
      state.adminEvents.append({
        id: state.newUuid(),
        time: state.clock(),
        realmId: realm.id,
        ...rest,
        ...(representation === undefined || !realm.adminEventsDetailsEnabled ? {} : { representation }),
      });
    },
    onUserEvent: (listener) => void listeners.push(listener),
  };
}
