/**
 * Keycloak as code: what a realm should be, what it is, and the plan that leads from one to the other.
 *
 * A realm file is parsed (`file/`) into Keycloak's own representation.
 */
export { type RealmFileFault, type RealmFileOptions, parseRealmFile, showRealmFileFault } from './file/parse.ts';
export { type PlaceholderFault, type PlaceholderOptions, resolvePlaceholders } from './file/placeholders.ts';
export type {
  ClientRepresentation,
  ClientScopeRepresentation,
  CredentialRepresentation,
  GroupRepresentation,
  IdentityProviderRepresentation,
  ProtocolMapperRepresentation,
  RealmRepresentation,
  RoleRepresentation,
  RolesRepresentation,
  ScopeMappingRepresentation,
  UserRepresentation,
} from './representation.ts';
