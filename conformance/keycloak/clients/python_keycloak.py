"""python-keycloak, unmodified, does what people do with it.

usage: python_keycloak.py BASE_URL REALM
The realm is made here and deleted at the end; the administrator is admin/admin of master.
"""

import sys

from keycloak import KeycloakAdmin, KeycloakOpenID
from keycloak.exceptions import KeycloakError, KeycloakGetError

base, realm = sys.argv[1:3]


def refused(status, call, *arguments, **named):
    """The call fails with this status; returns the error."""
    try:
        call(*arguments, **named)
    except KeycloakError as error:
        assert error.response_code == status, error
        return error
    raise AssertionError(f"{call.__name__} was not refused")


admin = KeycloakAdmin(server_url=base, username="admin", password="admin", realm_name="master")
if realm in [it["realm"] for it in admin.get_realms()]:
    admin.delete_realm(realm)

# Realms.
admin.create_realm({"realm": realm, "enabled": True})
refused(409, admin.create_realm, {"realm": realm})
admin.change_current_realm(realm)
admin.update_realm(realm, {"displayName": "Orders", "accessTokenLifespan": 600})
assert admin.get_realm(realm)["accessTokenLifespan"] == 600
assert admin.get_server_info()["systemInfo"]["version"].startswith("26.")

# Users.
ann = admin.create_user(
    {
        "username": "ann",
        "email": "ann@example.com",
        "emailVerified": True,
        "firstName": "Ann",
        "lastName": "Lee",
        "enabled": True,
        "credentials": [{"type": "password", "value": "first"}],
    }
)
refused(409, admin.create_user, {"username": "ann"}, exist_ok=False)
assert admin.create_user({"username": "ann"}, exist_ok=True) == ann
assert admin.get_user_id("ann") == ann and admin.users_count() == 1
assert [it["username"] for it in admin.get_users({"search": "an"})] == ["ann"]
admin.update_user(ann, {"firstName": "Anne"})
assert admin.get_user(ann)["lastName"] == "Lee"
admin.set_user_password(ann, "secret", temporary=False)
assert [it["type"] for it in admin.get_credentials(ann)] == ["password"]
admin.disable_user(ann)
admin.enable_user(ann)
refused(404, admin.get_user, "nobody")

# Groups.
staff = admin.create_group({"name": "staff", "attributes": {"floor": ["2"]}})
till = admin.create_group({"name": "till"}, parent=staff)
refused(409, admin.create_group, {"name": "staff"})
assert admin.get_group_by_path("/staff/till")["id"] == till
assert [it["name"] for it in admin.get_group_children(staff)] == ["till"]
admin.group_user_add(ann, till)
assert [it["username"] for it in admin.get_group_members(till)] == ["ann"]
assert [it["path"] for it in admin.get_user_groups(ann)] == ["/staff/till"]

# Clients, roles, scopes, mappers.
app = admin.create_client(
    {
        "clientId": "app",
        "secret": "app-secret",
        "serviceAccountsEnabled": True,
        "directAccessGrantsEnabled": True,
        "redirectUris": ["http://localhost/*"],
        "attributes": {"standard.token.exchange.enabled": "true"},
    }
)
assert admin.get_client_id("app") == app and admin.get_client_secrets(app)["value"] == "app-secret"
assert admin.get_client_service_account_user(app)["username"] == "service-account-app"
admin.update_client(app, {"description": "Orders"})
api = admin.create_client({"clientId": "api"})
mapper = {
    "name": "audience-api",
    "protocol": "openid-connect",
    "protocolMapper": "oidc-audience-mapper",
    "config": {"included.client.audience": "api", "access.token.claim": "true", "id.token.claim": "false"},
}
admin.add_mapper_to_client(app, mapper)
own = {**mapper, "name": "audience-app", "config": {**mapper["config"], "included.client.audience": "app"}}
admin.add_mapper_to_client(app, own)
admin.create_realm_role({"name": "clerk", "description": "Sells"})
clerk = admin.get_realm_role("clerk")
admin.assign_realm_roles(ann, [clerk])
assert "clerk" in [it["name"] for it in admin.get_realm_roles_of_user(ann)]
assert "clerk" not in [it["name"] for it in admin.get_available_realm_roles_of_user(ann)]
admin.create_client_role(app, {"name": "buyer"})
buyer = admin.get_client_role(app, "buyer")
admin.assign_client_role(ann, app, [buyer])
assert [it["name"] for it in admin.get_client_roles_of_user(ann, app)] == ["buyer"]
admin.add_composite_realm_roles_to_role("clerk", [admin.get_realm_role("offline_access")])
assert [it["name"] for it in admin.get_composite_realm_roles_of_role("clerk")] == ["offline_access"]
admin.assign_group_realm_roles(staff, [clerk])
assert [it["name"] for it in admin.get_group_realm_roles(staff)] == ["clerk"]
scope = admin.create_client_scope({"name": "orders", "protocol": "openid-connect"})
admin.add_client_optional_client_scope(app, scope, {})
assert "orders" in [it["name"] for it in admin.get_client_optional_client_scopes(app)]
admin.add_default_default_client_scope(scope)
admin.delete_default_default_client_scope(scope)

# What is read: flows, required actions, components, keys, profile.
assert "browser" in [it["alias"] for it in admin.get_authentication_flows()]
assert admin.get_authentication_flow_executions("browser")
assert admin.get_required_action_by_alias("UPDATE_PASSWORD")["enabled"]
assert "auth-cookie" in [it["id"] for it in admin.get_authenticator_providers()]
assert admin.get_components({"type": "org.keycloak.keys.KeyProvider"})
assert {it["algorithm"] for it in admin.get_keys()["keys"]} >= {"RS256", "HS512"}
assert "username" in [it["name"] for it in admin.get_realm_users_profile()["attributes"]]
admin.clear_realm_cache()
admin.set_events({"eventsEnabled": True, "adminEventsEnabled": True})
admin.update_user(ann, {"firstName": "Ann"})

# Tokens.
oidc = KeycloakOpenID(server_url=base, realm_name=realm, client_id="app", client_secret_key="app-secret")
assert oidc.well_known()["issuer"] == f"{base}/realms/{realm}"
tokens = oidc.token("ann", "secret", scope="openid")
assert oidc.userinfo(tokens["access_token"])["preferred_username"] == "ann"
claims = oidc.decode_token(tokens["access_token"])
assert "clerk" in claims["realm_access"]["roles"] and claims["resource_access"]["app"]["roles"] == ["buyer"]
assert oidc.introspect(tokens["access_token"])["active"]
access_token = "urn:ietf:params:oauth:token-type:access_token"
exchanged = oidc.exchange_token(
    tokens["access_token"], audience="api", subject_token_type=access_token, requested_token_type=access_token
)
assert oidc.decode_token(exchanged["access_token"], validate=False)["aud"] == "api"
assert oidc.refresh_token(tokens["refresh_token"])["access_token"]
assert oidc.token(grant_type="client_credentials")["access_token"]
refused(400, oidc.token, "ann", "wrong")
assert len(admin.get_sessions(ann)) == 1
oidc.logout(tokens["refresh_token"])
assert not oidc.introspect(tokens["access_token"])["active"]
assert {"LOGIN", "LOGIN_ERROR", "LOGOUT", "TOKEN_EXCHANGE"} <= {it["type"] for it in admin.get_events()}
assert "USER" in [it["resourceType"] for it in admin.get_admin_events()]

# Out and in again.
exported = admin.export_realm(export_clients=True, export_groups_and_role=True)
assert "app-secret" not in str(exported)
parts = {"ifResourceExists": "SKIP", "roles": {"realm": [{"name": "clerk"}, {"name": "cook"}]}}
result = admin.partial_import_realm(realm, parts)
assert (result["added"], result["skipped"]) == (1, 1), result

admin.delete_user(ann)
admin.delete_client(app)
admin.delete_group(staff)
admin.delete_realm_role("cook")
admin.delete_client_scope(scope)
admin.delete_realm(realm)
try:
    admin.get_realm(realm)
except KeycloakGetError as error:
    assert error.response_code == 404, error
print("realms, users, groups, clients, roles, scopes, tokens, events, export and partial import")
