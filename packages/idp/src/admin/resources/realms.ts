import {
  deleteRealm,
  findRealm,
  managementClientInMaster,
  type Realm,
  reservedCharacter,
  updateRealm,
} from '../../model/index.ts';
import { withoutSecrets } from '../frame/admin-events.ts';
import { type Answer, created, forbidden, json, message, noContent, refused } from '../frame/answer.ts';
import { type AdminCall, flagOf, type RealmCall } from '../frame/call.ts';
import { anyRole, may } from '../frame/permissions.ts';
import { answerModelRefusal } from '../frame/refusals.ts';
import type { RealmRoutes, ServerRoutes } from '../frame/routes.ts';
import { createRealmFrom } from '../../import/realm.ts';
import { answerImportRefusal } from '../frame/import-refusals.ts';
import {
  type RealmRepresentation,
  realmReader,
  settingsOf,
  showBriefRealm,
  showRealm,
  showReducedRealm,
} from '../representation/realm.ts';

/** Realms as a whole: list, create, read, change, delete. */
export function registerRealms(server: ServerRoutes, realm: RealmRoutes): void {
  server.get('/admin/realms', listRealms);
  server.post('/admin/realms', realmReader, createOne);
  realm.get('', [], readOne);
  realm.put('', { needs: may.manageRealm, body: realmReader, records: 'REALM' }, changeOne);
  realm.delete('', { needs: may.manageRealm, records: 'REALM' }, (call) => {
    const deleted = deleteRealm(call.context.state, call.realm);
    return deleted.ok ? noContent : message(400, "Can't remove master realm");
  });
}

function listRealms(call: AdminCall): Answer {
  const { state } = call.context;
  const brief = flagOf(call, 'briefRepresentation', false);
  const shown = [...state.realms.all()].flatMap((realm) => {
    if (call.admin.has(realm, may.viewRealm)) return [brief ? showBriefRealm(realm) : showRealm(state, realm)];
    return call.admin.has(realm, anyRole) ? [{ realm: realm.realm }] : [];
  });
  return shown.length === 0 ? forbidden : json(shown);
}

async function createOne(call: AdminCall, given: RealmRepresentation): Promise<Answer> {
  if (!call.admin.hasMasterRole('create-realm') && !call.admin.hasMasterRole('admin')) return forbidden;
  const fault = faultOfName(given.realm);
  if (fault !== undefined) return fault;
  const made = await createRealmFrom(call.context, given);
  if (!made.ok) return answerImportRefusal(made.refusal);
  const { realm } = made.value;
  letCreatorManage(call, realm);
  call.context.events.admin(call.admin.realm, {
    authDetails: {
      realmId: call.admin.realm.id,
      clientId: call.admin.clientUuid,
      userId: call.admin.userId,
      ipAddress: call.context.urls.peerOf(call.request).address,
    },
    operationType: 'CREATE',
    resourceType: 'REALM',
    resourcePath: realm.realm,
    representation: JSON.stringify(withoutSecrets({ realm: realm.realm, enabled: realm.enabled })),
  });
  return created([realm.realm]);
}

// Who creates a realm gets all roles of its client in master: with the next token they may manage it.
function letCreatorManage(call: AdminCall, realm: Realm): void {
  const { state } = call.context;
  const creator = state.users.get(call.admin.userId);
  const management = managementClientInMaster(state, realm);
  if (creator === undefined || management === undefined || creator.realmId !== management.client.realmId) return;
  const ids = management.roles.map((role) => role.id);
  state.users.put({ ...creator, roleIds: [...new Set([...creator.roleIds, ...ids])] });
}

function faultOfName(name: string | undefined): Answer | undefined {
  if (name === undefined || name.trim() === '') return message(400, 'Realm name cannot be empty');
  const character = reservedCharacter(name);
  return character === undefined ? undefined : refused(400, { error: `Character '${character}' not allowed.` });
}

function readOne(call: RealmCall): Answer {
  const { admin, realm } = call;
  if (admin.has(realm, may.viewRealm)) return json(showRealm(call.context.state, realm));
  const anywhere = admin.hasMasterRole('create-realm') || admin.hasMasterRole('admin');
  return admin.has(realm, anyRole) || anywhere ? json(showReducedRealm(realm)) : forbidden;
}

// Members that are given replace what was there, attributes as a whole; clients, roles, users and groups are ignored.
function changeOne(call: RealmCall, given: RealmRepresentation): Answer {
  const { state } = call.context;
  const name = given.realm ?? call.realm.realm;
  const renamed = name !== call.realm.realm;
  if (renamed) {
    const fault = faultOfName(name);
    if (fault !== undefined) return fault;
    if (call.realm.realm === 'master') return message(400, "Can't rename master realm");
    if (findRealm(state, name) !== undefined) return message(409, 'Realm with same name exists');
  }
  const settings = settingsOf(given);
  if (settings.smtpServer !== undefined && !hasSender(settings.smtpServer))
    return message(400, noSender(settings.smtpServer));
  const { password } = call.realm.smtpServer;
  const keepsPassword = settings.smtpServer?.['password'] === '**********' && password !== undefined;
  const actions = given.requiredActions === undefined ? {} : { requiredActions: mergedActions(call.realm, given) };
  const changed = updateRealm(state, {
    ...call.realm,
    ...settings,
    browserSecurityHeaders: { ...call.realm.browserSecurityHeaders, ...settings.browserSecurityHeaders },
    ...(settings.attributes === undefined
      ? {}
      : { attributes: { ...computedAttributes(call.realm), ...settings.attributes } }),
    ...(keepsPassword ? { smtpServer: { ...settings.smtpServer, password } } : {}),
    ...actions,
    realm: name,
  });
  return changed.ok ? noContent : answerModelRefusal(changed.refusal);
}

function hasSender(smtp: Realm['smtpServer']): boolean {
  return Object.keys(smtp).length === 0 || /^[^\s@]+@[^\s@]+$/.test(smtp['from'] ?? '');
}

function noSender(smtp: Realm['smtpServer']): string {
  return `Invalid sender address '${smtp['from'] ?? 'null'}'. If the address contains UTF-8 characters in the local part please ensure the SMTP server supports the SMTPUTF8 extension and enable 'Allow UTF-8' in the email realm configuration.`;
}

// These show settings of other members, and come back whatever the representation says.
const computed = [
  'cibaBackchannelTokenDeliveryMode',
  'cibaExpiresIn',
  'cibaAuthRequestedUserHint',
  'oauth2DeviceCodeLifespan',
  'oauth2DevicePollingInterval',
  'parRequestUriLifespan',
  'cibaInterval',
];

function computedAttributes(realm: Realm): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(realm.attributes).filter(([name]) => computed.includes(name)));
}

function mergedActions(realm: Realm, given: RealmRepresentation): Realm['requiredActions'] {
  return realm.requiredActions.map((action) => {
    const said = given.requiredActions?.find((it) => it.alias === action.alias);
    const { enabled = action.enabled, defaultAction = action.defaultAction, priority = action.priority } = said ?? {};
    return { ...action, enabled, defaultAction, priority };
  });
}
