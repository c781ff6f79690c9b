/**
 * Every `code` that a problem body can carry: what it means and what to do. A code that is not here does not compile.
 * Codes are stable: programs branch on them. docs/errors.md and the page /errors are made of this.
 */
export const errors = {
  // The request itself
  invalid_request:
    'The body, query or path does not fit its schema. `errors` names each field (JSON Pointer) and what is wrong with it. Nothing was stored.',
  body_too_large: 'The body is longer than `http.bodyLimit`.',
  unsupported_media_type: 'Send `application/json`.',
  headers_too_large: 'All headers together may have 16 KiB.',
  uri_too_long: 'A part of the path is longer than 256 characters.',
  not_found: 'There is no such path.',
  method_not_allowed: 'The path answers other methods; `Allow` names them.',
  origin_not_allowed: 'A browser page at another origin called. Add it to `http.allowedOrigins` if it may.',
  host_not_allowed:
    'The `Host` header names another server. It must be the host of `http.publicUrl`, or of loopback where Keyturn listens there.',
  deadline_exceeded:
    'No answer within `http.deadline`. What was started upstream may have happened: look before you repeat it.',
  audit_unavailable:
    'The audit row of the call could not be written (a full disk, a database that does not answer), so there is no answer. What was started upstream may have happened: look before you repeat it. Tokens are still checked.',
  internal_error: 'A bug or a broken disk. The log has the details under the `request_id`.',

  // Who?
  no_token:
    'Send `Authorization: Bearer <access token>`. The `WWW-Authenticate` header names the metadata (RFC 9728) that says where to get one.',
  several_credentials: 'The request has two `Authorization` headers. Which one counts would be a guess.',
  malformed_credentials: 'The `Authorization` header is not `Bearer`, a space, and one token.',
  invalid_token:
    'The token is expired, revoked, of another issuer, for another audience, or no access token. The log says which; `keyturn doctor --token @FILE` explains a token that you hold.',
  keys_unavailable:
    'The identity provider’s keys cannot be fetched and none are cached. Check `auth.jwksUrl` from where Keyturn runs.',

  session_ended:
    'The session of this browser has ended: logged out, idle for too long, or too old. Log in at `/login`.',
  group_sync_off: '`login.syncClientId` is not set, so that nobody may read groups from the admin API.',
  groups_unreadable:
    'The admin API of the identity provider did not give all groups and members; `detail` says why. Nothing was changed.',
  unknown_user: 'There is no user with this id.',
  unknown_session: 'You have no session with this id, or came with a token and not with a session cookie.',
  csrf: 'A request that changes something came with a session cookie, but not from Keyturn’s own pages: same origin, and the `X-CSRF-Token` that `GET /api/v1/session` gives.',

  revocations_unknown:
    'This replica has read nothing of the revocations for ten seconds, so it cannot tell whether a personal access token still stands. Look at the database; the token itself may be good.',

  // May they, and with a second key?
  forbidden:
    'The caller is known and may not do this. `required_role` and `required_permission` name what it takes; where both are named, one of them. `GET /api/v1/rbac/explain` says who could give it.',
  second_key_needed:
    'Policy wants a second person to approve this exact call, and nobody can be asked: the feature `requests` is off.',
  approval_required:
    'Not an error (202): people have to approve this exact call first. `request` is the name of the agent request, `Location` its address, `expires_at` when it is too late. Send the same call again after the approval; other arguments need another one.',
  approval_denied:
    'People were asked for this exact call and said no; that stands until `expires_at`. `request` names the request, which has their reason.',
  approval_edited:
    'An approver has changed the arguments of this call: `arguments` are what may be called with instead, `difference` says what is another.',
  call_under_way: 'Another call with the same arguments is spending the approval at this moment.',
  outcome_unknown:
    'An earlier call with the same arguments may have reached the upstream before it broke off, so it is not repeated blindly. Look at the upstream, then post what happened to `/agent-requests/{request}/completed` or `/failed`.',
  too_many_requests:
    'Too many requests of one agent wait for people (`requests.maxPendingPerAgent`), or come too fast. `Retry-After` says when to try again.',

  // Requests of agents
  agent_role_required:
    'The token is good, and its identity is not among the agents: `requests.agentSubjects` (`--agent-subjects`) or `requests.agentRoles`. With `azp`, only a client’s own token is known by its client.',
  reviewer_role_required:
    'The token is good, and its identity is not among the reviewers (`requests.reviewerSubjects`, `--reviewer-subjects`, `requests.reviewerRoles`), or has none of the roles that the rule names.',
  identity_mismatch: 'The body claims another identity than the token has. Leave `agentIdentity` out.',
  self_approval:
    'Whoever approves must be neither the requester, nor the person on whose behalf they act, nor the owner of their token or client, nor another approver by another name.',
  approved_already: 'You have approved this request; the next key is another person’s.',
  shared_credential:
    'A personal access token or a client’s own account may be in several hands. `requests.reviewerSubjects` or `requests.sharedApprovers` can allow it by name; a token must itself be one that may approve.',
  step_up_required:
    'The rule asks for a stronger or fresher login; `acr_values` and `max_age` say which (RFC 9470). Log in again and repeat.',
  unknown_request: 'There is no agent request of this name, or it is not for you to see.',
  browser_session_required:
    'Confirming takes the session of a browser: its person is there. An agent has a token of theirs too, so that no token does.',
  not_your_request: 'Only whoever asked may execute, complete, fail or cancel a request.',
  request_phase: 'The request is not in the phase that this takes; `phase` is the one it is in.',
  request_void:
    'The approval no longer holds: the policies or the target have changed, or somebody lost their role. Ask again.',
  changed_meanwhile: 'Others changed the request at the same moment. Read it again.',
  subjects_from_file: 'The subject lists come from `requests.subjectsFile`: change that file.',
  event_stream_only: 'Watching answers with server-sent events: send `Accept: text/event-stream`.',
  too_many_watchers: 'This process serves `requests.maxWatchers` streams. Try again later, or elsewhere.',

  insufficient_scope:
    'The token lacks a scope that the route or the tool needs; the `WWW-Authenticate` header names all that the next token must have (`mcp.scopes`, `tools.callerScopes`).',

  // At the edge
  ambiguous_path:
    'A proxy and an upstream could read the path differently (encoded slashes, dot segments, double slashes, `;`), so no rule can judge it.',
  edge_not_a_proxy: 'The address that asks is not in `edge.proxies`.',
  foreign_identity_headers:
    'A request came through Traefik with a header that only Keyturn may send (`x-keyturn-…`, or `x_keyturn_…`, which some upstreams read as the same). Traefik can take away only headers that it is told by name, so the request is refused. Whoever sends it leaves the header out; a middleware of the kind `headers` before Keyturn’s can take away one that cannot be helped.',
  edge_request_unknown:
    'The proxy does not name the original method and path, or twice. Take its configuration from deploy/.',

  // Next hop
  exchange_not_configured:
    'The source has a `default_audience`, but `exchange.clientId` and `exchange.clientSecret` are not set.',
  exchange_refused:
    'The identity provider refused the token exchange; `idp_error` and `idp_error_description` are its words, `detail` says what mends it. `keyturn doctor exchange` walks through the conditions.',
  exchange_bad_answer:
    'What answered is no token endpoint. Check `exchange.tokenEndpoint`, and that no login proxy stands in front of it.',
  idp_unreachable: 'The token endpoint does not answer. Try again after `Retry-After`.',
  exchange_breaker_open:
    'The token endpoint failed `exchange.failureThreshold` times in a row, so it is left alone until `Retry-After`.',

  // Tools
  unknown_tool: 'No enabled source has this tool. `nearest` is the name that was probably meant.',
  tool_changed: 'The tool’s definition changed while the call was judged; nothing was sent. Call again.',
  invalid_arguments: 'The arguments do not fit the tool’s schema; `errors` names each. Nothing was sent.',
  passthrough_not_allowed:
    'The source has no `default_audience`, and your own token is not sent on. Give the source an audience; or, over REST only, `passthrough: "allowed"` on the source and `tools.allowPassthrough: true`.',
  no_server: 'The source’s document names no server address. Its owner has to add one.',
  upstream_unreachable: 'The upstream could not be reached, or its answer could not be read; `detail` says why.',
  upstream_timeout: 'The upstream did not answer within `tools.timeout`. The call may have had its effect.',

  upstream_breaker_open:
    'The upstream failed `tools.failureThreshold` times in a row, so it is left alone until `Retry-After`. Nothing was sent.',
  source_secret_unreadable: 'The seal key with which the source’s secret was stored is gone. Give the secret again.',
  source_token_refused: 'The token endpoint gave Keyturn no token of its own for this source; `detail` has its words.',

  // Personal access tokens
  unknown_token: 'You have no token with this id. Ids of other people look the same as ids that do not exist.',
  token_name_taken: 'One of your tokens has this name.',
  token_by_token: 'A personal access token cannot make, change or rotate one. Log in.',
  token_without_subject: 'The access token has no `sub`, so it does not say whose the new token would be.',
  too_many_tokens: 'You have `pat.maxPerOwner` tokens.',
  grant_required:
    'Reference tokens need an offline grant, which you give once: open `grant_url` in a browser and log in.',
  token_issuer_refused:
    'The identity provider refused to issue the token; `idp_error` and `idp_error_description` are its words.',
  token_issuer_unreachable: 'The identity provider did not answer, so there is no token. Try again.',
  token_issuer_bad_answer: 'What the identity provider answered is no token that could be told apart and revoked.',
  token_lifetime_capped: 'The identity provider would end the token sooner than asked; `capped_by` names the setting.',

  // Groups of tools, and who may use them
  unknown_tool_group: 'There is no tool group with this id.',
  unknown_access_policy: 'There is no access policy with this id.',
  name_taken: 'Another one of this kind has the name.',
  tool_group_in_use: 'An access policy names this group in `allowed_group_ids`. Take it out there first.',
  // Safety policies
  policy_exists: 'A policy with this name exists. PUT replaces it.',
  unknown_policy: 'There is no policy with this name.',
  policy_changed: 'The policy is not at the version of `If-Match` any more; `version` is the one that is there.',
  invalid_policy:
    'The policy is well formed and cannot be evaluated; `errors` names each fault with `rule`, `line`, `column` and `frame`, which shows the expression with a caret.',
  // Roles
  unknown_in_rbac:
    'There is no such user, role, permission, inheritance, set or session; `change` is what was to be done.',
  already_so: 'What was to be made is there; `change` is what was to be done.',
  role_not_authorized: 'The user has not been assigned this role, nor one that inherits from it.',
  role_cycle: 'The junior role inherits from the senior; `path` leads from the one to the other.',
  separation_of_duty:
    'A static or dynamic separation-of-duty set forbids it: `set` names it, `roles` are those that may not meet.',
  role_mapped: '`rbac.groupToRole` gives this role to groups, so that it cannot be deleted.',
  rbac_plan_stale: 'Roles have been changed since the plan was made. Plan again.',
  no_role_session:
    'Which roles are active can be chosen in a login session or with a personal access token; this token belongs to neither.',
  unknown_review: 'There is no access review with this id that you may see, or it has no such item.',
  not_a_reviewer: 'Only the reviewers of an access review decide in it.',
  own_access: 'Nobody decides on their own roles in an access review.',
  review_closed: 'The access review is closed, or its deadline has passed.',
  review_item_gone: 'The user does not have the role any more, so that there is nothing to decide.',
  review_undecided: 'Items are open and the deadline has not come: decide them, or close with `force`.',

  // Sources
  unknown_source: 'There is no source with this id.',
  source_exists: 'Another source has this slug, so the tools’ names would clash. Give another `slug`.',
  source_unreachable: 'The OpenAPI document could not be fetched; `detail` says why.',
  source_address_not_allowed:
    'The document’s host resolves to a private, loopback, link-local or metadata address. An operator can allow the host in `tools.allowedHosts`.',
  invalid_openapi_document: 'The document is not OpenAPI that can be read; `line`, `column` and `frame` show where.',
  no_operations: 'The document has no operations, so there would be no tools.',
  no_seal_key: 'Secrets of sources are stored sealed. Set `seal.key`.',
  secret_needed: 'This kind of `auth` has a secret, and one that was given for another address is not used for this.',
  audience_needed: 'A source that exchanges tokens needs a `default_audience`.',
  no_document:
    'The source has a URL and takes no upload, or was uploaded and has nothing to fetch; `detail` says which.',
  source_changed_meanwhile: 'Two changes of one source met. Read it and send yours again.',
  unknown_operation: 'The source has no tool with this `operation_id`.',
  other_hash: 'The tool or the source is no longer what you looked at. Look again, then accept.',
} as const satisfies Record<string, string>;

export type ErrorCode = keyof typeof errors;

/** The page on errors, as Markdown. */
export function buildErrorsPage(): string {
  const entries = Object.entries(errors).map(([code, meaning]) => `## ${code}\n\n${meaning}\n`);
  return `# Errors

<!-- made by “keyturn config errors”; a test holds this page to it -->

Every refusal is a problem body (RFC 9457, \`application/problem+json\`): \`type\` (the link to its place on this page), \`title\`, \`status\`, \`detail\` (a sentence for the caller, which names the remedy), \`code\` (stable, for programs), \`request_id\` (the same as the \`X-Request-Id\` header, and what the log and the audit know the call by), and members of its own. Over MCP a refusal inside a call is a result with \`isError\`, whose text begins with the code.

${entries.join('\n')}`;
}
