/**
 * The model: what a realm is made of, and the rules under which its parts come and go. Read `state.ts` first.
 * Every stored thing is a plain, readonly object under Keycloak's own names; to change one, put a changed copy.
 */
export type { Client, ClientScope, ProtocolMapper } from './client.ts';
export * from './clients.ts';
export type { AdminEvent, EventQuery, IdpEvent } from './events.ts';
export * from './groups.ts';
export type { Component, InitialAccess, KeyMaterial, KeyProviderId, RealmKey } from './keys.ts';
export type { Realm, RealmSettings, RequiredActionProvider, SmtpServer, UserProfileConfig } from './realm.ts';
export { createKeyProvider } from './realm-keys.ts';
export * from './realms.ts';
export type { ModelRefusal } from './refusal.ts';
export type { Attributes, Role } from './role.ts';
export * from './roles.ts';
export * from './scopes.ts';
export type { ClientSession, Revocation, SingleUse, UserSession } from './session.ts';
export * from './sessions.ts';
export * from './single-use.ts';
export { type IdpState, openState } from './state.ts';
export type { Consent, Credential, FederatedIdentity, Group, LoginFailure, User } from './user.ts';
export * from './users.ts';
