/**
 * Checks of the official suite that do not apply to Keyturn, by scenario, each with the reason. Whatever fails and is not
 * here fails the suite, and so does what is here and holds.
 */
interface Exemption {
  readonly reason: string;
  /** Scenario → the ids of its checks that need not hold. */
  readonly checks: Readonly<Record<string, readonly string[]>>;
}

const whole = (...scenarios: readonly string[]): Record<string, readonly string[]> =>
  Object.fromEntries(scenarios.map((scenario) => [scenario, [scenario]]));

export const exemptions: readonly Exemption[] = [
  {
    reason: 'Keyturn offers tools, and no prompts, resources, completions or log levels; it says so when it is asked.',
    checks: {
      ...whole('completion-complete', 'logging-set-level', 'tools-call-with-logging'),
      ...whole('prompts-list', 'prompts-get-simple', 'prompts-get-with-args', 'prompts-get-embedded-resource'),
      ...whole('prompts-get-with-image', 'resources-list', 'resources-read-text', 'resources-read-binary'),
      ...whole('resources-templates-read', 'resources-subscribe', 'resources-unsubscribe'),
      caching: [
        'sep-2549-prompts-list-caching-hints',
        'sep-2549-resources-list-caching-hints',
        'sep-2549-resources-templates-list-caching-hints',
      ],
      'input-required-result-non-tool-request': ['sep-2322-non-tool-incomplete'],
    },
  },
  {
    reason:
      'An operation of an API asks the client for nothing, and Keyturn offers an MCP upstream nothing that it could ask for: no sampling, no roots, no form, in no round.',
    checks: {
      ...whole('tools-call-sampling', 'tools-call-elicitation'),
      'elicitation-sep1034-defaults': ['elicitation-sep1034-general'],
      'elicitation-sep1330-enums': ['elicitation-sep1330-general'],
      'input-required-result-basic-elicitation': ['sep-2322-elicitation-incomplete'],
      'input-required-result-basic-list-roots': ['sep-2322-list-roots-incomplete'],
      'input-required-result-basic-sampling': ['sep-2322-sampling-incomplete'],
      'input-required-result-capability-check': ['sep-2322-respect-client-capabilities'],
      'input-required-result-multi-round': ['sep-2322-multi-round-r1'],
      'input-required-result-multiple-input-requests': ['sep-2322-multiple-inputs-incomplete'],
      'input-required-result-request-state': ['sep-2322-request-state-incomplete'],
      'input-required-result-result-type': ['sep-2322-result-type-included'],
      'input-required-result-tampered-state': ['sep-2322-reject-tampered-state'],
      'server-stateless': ['sep-2575-server-rejects-undeclared-capability', 'sep-2575-missing-capability-http-400'],
      'tasks-mrtr-composition': ['sep-2663-mrtr-synchronous-before-task-creation'],
      'tasks-mrtr-input': [
        'sep-2663-tasks-get-status-input-required',
        'tasks-mrtr-tasks-update-resumes',
        'tasks-mrtr-partial-fulfillment',
      ],
    },
  },
  {
    reason: 'Every tool can answer a client that knows no tasks, by waiting.',
    checks: { 'tasks-required-task-error': ['sep-2663-server-returns-missing-capability-when-required'] },
  },
  {
    reason: 'A call is answered once, when it is done; what an MCP upstream says on the way is not handed on.',
    checks: whole('tools-call-with-progress'),
  },
  {
    reason: 'Keyturn asks its clients for no Mcp-Param headers; those that an MCP upstream wants it writes itself.',
    checks: {
      'http-custom-header-server-validation': [
        'sep-2243-server-no-xmcp-tool',
        'sep-2243-server-decode-base64',
        'sep-2243-server-validate-param-match',
        'sep-2243-server-reject-invalid-param-chars',
        'sep-2243-server-reject-param-mismatch',
      ],
    },
  },
  {
    reason:
      'Keyturn has no sessions, so a stream that broke off is not taken up again (pending in the official suite).',
    checks: { 'server-sse-polling': ['incoming-sse-event'] },
  },
];
