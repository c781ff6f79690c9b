import type { Realm } from '../../model/index.ts';
import { type Answer, json, noContent, refused } from '../frame/answer.ts';
import { type RealmCall, textOf } from '../frame/call.ts';
import { may } from '../frame/permissions.ts';
import type { RealmRoutes } from '../frame/routes.ts';
import { flag, integer, object, type ReadObject, texts } from '../json/shape.ts';
import { eventTypes } from './event-types.ts';

const configFields = {
  eventsEnabled: flag,
  eventsExpiration: integer,
  eventsListeners: texts,
  enabledEventTypes: texts,
  adminEventsEnabled: flag,
  adminEventsDetailsEnabled: flag,
};
const configReader = object('RealmEventsConfigRepresentation', configFields);

const listeners = ['email', 'jboss-logging', 'micrometer-user-event-metrics'];

/** Events of users and of administrators, and which of them are kept. */
export function registerEvents(routes: RealmRoutes): void {
  routes.get('/events/config', may.viewEvents, (call) => json(showConfig(call.realm)));
  routes.put('/events/config', { needs: may.manageEvents, body: configReader, records: 'REALM' }, changeConfig);
  routes.get('/events', may.viewEvents, listEvents);
  routes.delete('/events', { needs: may.manageEvents, records: 'none' }, (call) => {
    call.context.state.events.clear(call.realm.id);
    return noContent;
  });
  routes.get('/admin-events', may.viewEvents, listAdminEvents);
  routes.delete('/admin-events', { needs: may.manageEvents, records: 'none' }, (call) => {
    call.context.state.adminEvents.clear(call.realm.id);
    return noContent;
  });
}

// An empty list means all types, and is shown as all.
function showConfig(realm: Realm): object {
  return {
    eventsEnabled: realm.eventsEnabled,
    ...(realm.eventsExpiration === undefined ? {} : { eventsExpiration: realm.eventsExpiration }),
    eventsListeners: realm.eventsListeners,
    enabledEventTypes: realm.enabledEventTypes.length === 0 ? eventTypes : realm.enabledEventTypes,
    adminEventsEnabled: realm.adminEventsEnabled,
    adminEventsDetailsEnabled: realm.adminEventsDetailsEnabled,
  };
}

// Switches that are not given are off: they are no optional members of Keycloak's representation.
function changeConfig(call: RealmCall, given: ReadObject<typeof configFields>): Answer {
  if (given.eventsListeners?.some((it) => !listeners.includes(it)) === true) {
    return refused(400, { error: 'Unknown event listener' });
  }
  const { eventsExpiration: _before, ...realm } = call.realm;
  const { eventsExpiration = 0 } = given;
  call.context.state.realms.put({
    ...realm,
    ...(eventsExpiration > 0 ? { eventsExpiration } : {}),
    eventsEnabled: given.eventsEnabled ?? false,
    adminEventsEnabled: given.adminEventsEnabled ?? false,
    adminEventsDetailsEnabled: given.adminEventsDetailsEnabled ?? false,
    eventsListeners: given.eventsListeners ?? call.realm.eventsListeners,
    enabledEventTypes: given.enabledEventTypes ?? call.realm.enabledEventTypes,
  });
  return noContent;
}

function listEvents(call: RealmCall): Answer {
  const { query } = call;
  const [client, user, ip] = [textOf(call, 'client'), textOf(call, 'user'), textOf(call, 'ipAddress')];
  return json(
    call.context.state.events.query(call.realm.id, {
      types: query.getAll('type'),
      ...range(call),
      matches: (event) =>
        (client === undefined || event.clientId === client) &&
        (user === undefined || event.userId === user) &&
        (ip === undefined || event.ipAddress === ip),
    }),
  );
}

function listAdminEvents(call: RealmCall): Answer {
  const { query } = call;
  const resources = query.getAll('resourceTypes');
  const path = textOf(call, 'resourcePath');
  const [client, user, realm, ip] = (['authClient', 'authUser', 'authRealm', 'authIpAddress'] as const).map((name) =>
    textOf(call, name),
  );
  const events = call.context.state.adminEvents.query(call.realm.id, {
    types: query.getAll('operationTypes'),
    ...range(call),
    matches: ({ authDetails, resourceType, resourcePath }) =>
      (resources.length === 0 || resources.includes(resourceType)) &&
      (path === undefined || matchesPath(resourcePath, path)) &&
      (client === undefined || authDetails.clientId === client) &&
      (user === undefined || authDetails.userId === user) &&
      (realm === undefined || authDetails.realmId === realm) &&
      (ip === undefined || authDetails.ipAddress === ip),
  });
  // The realm itself has no path below the realm.
  return json(events.map(({ resourcePath, ...rest }) => (resourcePath === '' ? rest : { ...rest, resourcePath })));
}

/** `*` stands for anything. No pattern is built from foreign text: its parts are looked for one after the other. */
function matchesPath(path: string, wanted: string): boolean {
  const [first = '', ...rest] = wanted.split('*');
  if (rest.length === 0) return path === wanted;
  if (!path.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest.slice(0, -1)) {
    const found = path.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  const last = rest.at(-1) ?? '';
  return path.length - last.length >= at && path.endsWith(last);
}

interface Range {
  readonly from?: number;
  readonly to?: number;
  readonly first?: number;
  readonly max?: number;
}

const day = 24 * 60 * 60 * 1000;

function range(call: RealmCall): Range {
  const from = timeOf(textOf(call, 'dateFrom'));
  const to = timeOf(textOf(call, 'dateTo'));
  const until = to !== undefined && !/^\d+$/.test(textOf(call, 'dateTo') ?? '') ? to + day - 1 : to;
  const max = textOf(call, 'max');
  return {
    ...(from === undefined ? {} : { from }),
    ...(until === undefined ? {} : { to: until }),
    first: Math.max(0, Number(textOf(call, 'first') ?? 0)),
    max: max === undefined ? 100 : Number(max) < 0 ? Number.MAX_SAFE_INTEGER : Number(max),
  };
}

/** Milliseconds, or the beginning of a day written `2026-11-22`. */
function timeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = /^\d{1,15}$/.test(text) ? Number(text) : Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}
