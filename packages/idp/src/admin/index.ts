import type { Mailer } from '../browser/mail/mailer.ts';
import type { App, IdpContext } from '../context.ts';
import { createRoutes } from './frame/routes.ts';
import { registerAttackDetection } from './resources/attack-detection.ts';
import { registerAuthentication } from './resources/authentication.ts';
import { registerClientPolicies } from './resources/client-policies.ts';
import { registerClientScopes } from './resources/client-scopes.ts';
import { registerClientSecrets } from './resources/client-secrets.ts';
import { registerClients } from './resources/clients.ts';
import { registerConsents } from './resources/consents.ts';
import { registerCredentials } from './resources/credentials.ts';
import { registerEvaluateScopes } from './resources/evaluate-scopes.ts';
import { registerEvents } from './resources/events.ts';
import { registerGroups } from './resources/groups.ts';
import { registerInitialAccess } from './resources/initial-access.ts';
import { registerKeys } from './resources/keys.ts';
import { registerOthers } from './resources/others.ts';
import { registerPartialExport } from './resources/partial-export.ts';
import { registerPartialImport } from './resources/partial-import.ts';
import { registerProtocolMappers } from './resources/protocol-mappers.ts';
import { registerRealms } from './resources/realms.ts';
import { registerRoleMappings, registerScopeMappings } from './resources/role-mappings.ts';
import { registerRolesById } from './resources/roles-by-id.ts';
import { registerRoles } from './resources/roles.ts';
import { registerScopeAssignments } from './resources/scope-assignments.ts';
import { registerServerInfo } from './resources/server-info.ts';
import { registerSessions } from './resources/sessions.ts';
import { registerUserActions } from './resources/user-actions.ts';
import { registerUserGroups } from './resources/user-groups.ts';
import { registerUserProfile } from './resources/user-profile.ts';
import { registerUsers } from './resources/users.ts';

/**
 * Mounts Keycloak's admin REST API at `/admin`. `frame/` holds what every request goes through, `resources/` one file
 * a resource, `representation/` how things look on the wire, `import/` how they become part of a realm.
 */
export function registerAdmin(app: App, context: IdpContext, mailer: Mailer): void {
  // A scope of its own: its error bodies are the admin API's.
  void app.register(async (scope) => {
    const { server, realm } = createRoutes(scope, context, mailer);
    registerRealms(server, realm);
    registerServerInfo(server);
    registerClients(realm);
    registerClientSecrets(realm);
    registerProtocolMappers(realm);
    registerClientScopes(realm);
    registerScopeAssignments(realm);
    registerScopeMappings(realm);
    registerEvaluateScopes(realm);
    registerInitialAccess(realm);
    registerClientPolicies(realm);
    registerRoles(realm);
    registerRolesById(realm);
    registerRoleMappings(realm);
    registerGroups(realm);
    registerUserProfile(realm);
    registerUsers(realm);
    registerUserGroups(realm);
    registerUserActions(realm);
    registerCredentials(realm);
    registerConsents(realm);
    registerSessions(realm);
    registerEvents(realm);
    registerAttackDetection(realm);
    registerKeys(realm);
    registerAuthentication(realm);
    registerPartialImport(realm);
    registerPartialExport(realm);
    registerOthers(realm);
  });
}
