import { groupPath, type IdpState, type Realm, type User } from '../../model/index.ts';
import { shownAttributes } from '../user-profile/attributes.ts';
import { anything, flag, identifier, integer, list, mapOf, object, text, texts } from '../json/shape.ts';
import { roleNamesOf } from './group.ts';

/** Keycloak's CredentialRepresentation. */
export const credentialReader = object('CredentialRepresentation', {
  id: identifier,
  type: text,
  userLabel: text,
  createdDate: integer,
  secretData: text,
  credentialData: text,
  priority: integer,
  value: text,
  temporary: flag,
  device: text,
  hashedSaltedValue: text,
  salt: text,
  hashIterations: integer,
  counter: integer,
  algorithm: text,
  digits: integer,
  period: integer,
  config: anything,
  federationLink: text,
});

export type CredentialRepresentation = NonNullable<ReturnType<typeof credentialReader>>;

export const federatedIdentityReader = object('FederatedIdentityRepresentation', {
  identityProvider: text,
  userId: text,
  userName: text,
});

/** Keycloak's UserRepresentation. */
export const userReader = object('UserRepresentation', {
  id: identifier,
  self: text,
  origin: text,
  createdTimestamp: integer,
  username: text,
  enabled: flag,
  totp: flag,
  emailVerified: flag,
  firstName: text,
  lastName: text,
  email: text,
  federationLink: text,
  serviceAccountClientId: text,
  attributes: mapOf(valuesReader),
  credentials: list(credentialReader),
  disableableCredentialTypes: texts,
  requiredActions: texts,
  federatedIdentities: list(federatedIdentityReader),
  realmRoles: texts,
  clientRoles: mapOf(texts),
  clientConsents: anything,
  notBefore: integer,
  applicationRoles: anything,
  socialLinks: anything,
  groups: texts,
  access: anything,
  userProfileMetadata: anything,
});

export type UserRepresentation = NonNullable<ReturnType<typeof userReader>>;

/** Attribute values: a list, or one text that stands for a list of one. */
function valuesReader(...[value, at, faults]: Parameters<typeof texts>): readonly string[] | undefined {
  return typeof value === 'string' ? [value] : texts(value, at, faults);
}

/** What `briefRepresentation=true` shows. */
export function showBriefUser(user: User): object {
  return {
    id: user.id,
    username: user.username,
    ...(user.firstName === undefined ? {} : { firstName: user.firstName }),
    ...(user.lastName === undefined ? {} : { lastName: user.lastName }),
    ...(user.email === undefined ? {} : { email: user.email }),
    emailVerified: user.emailVerified,
    enabled: user.enabled,
    createdTimestamp: user.createdTimestamp,
  };
}

/** A user with the attributes that the realm's profile lets administrators see. */
export function showUser(realm: Realm, user: User): object {
  const attributes = shownAttributes(realm, user);
  return {
    ...showBriefUser(user),
    ...(Object.keys(attributes).length === 0 ? {} : { attributes }),
    totp: false,
    disableableCredentialTypes: [],
    requiredActions: user.requiredActions,
    notBefore: user.notBefore,
  };
}

/** A user as exports hold it: with roles and groups by name, and without credentials. */
export function exportUser(state: IdpState, realm: Realm, user: User): object {
  const serviceClient =
    user.serviceAccountClientUuid === undefined ? undefined : state.clients.get(user.serviceAccountClientUuid);
  return {
    ...showUser(realm, user),
    ...(serviceClient === undefined ? {} : { serviceAccountClientId: serviceClient.clientId }),
    ...roleNamesOf(state, user.roleIds),
    groups: user.groupIds.flatMap((id) => {
      const group = state.groups.get(id);
      return group === undefined ? [] : [groupPath(state, group)];
    }),
  };
}
