import { describe, expect, it } from 'vitest';
import { createPolicyCel, buildFacts, type SafetyInput } from './facts.ts';
import { epochMilliseconds } from '@keyturn/protocol';

const input: SafetyInput = {
  principal: {
    issuer: 'https://idp.test',
    identity: 'aip-agent-1',
    client: 'aip-agent-1',
    serviceAccount: true,
    roles: ['ops', 'pizza:baker'],
    scopes: ['openid'],
    claims: { department: 'payments' },
  },
  spec: { agentIdentity: 'aip-agent-1', action: 'delete', target: { uri: 'k8s://prod/default/x' }, reason: 'old' },
  target: { uri: 'k8s://prod/default/x', hasActiveEndpoints: false, readyReplicas: 2 },
  tool: {
    id: 'shop/cancel',
    source: 'shop',
    name: 'cancel',
    method: 'POST',
    path: '/orders',
    tags: ['order'],
    readOnly: false,
  },
  args: {
    amount: 12.5,
    count: 3,
    list: Array.from({ length: 1000 }, (_, i) => i),
    long: 'a'.repeat(200_000),
    digits: '1'.repeat(100_000),
    nested: { a: [{ b: 'x' }] },
  },
  now: epochMilliseconds(Date.parse('2026-03-29T01:30:00Z')),
};

function outcomeOf(expression: string, given: SafetyInput = input): string {
  const cel = createPolicyCel();
  const compiled = cel.compile(expression);
  if (!compiled.ok) return compiled.refusal.message;
  const found = compiled.value.evaluate(buildFacts(given));
  return found.outcome === 'failed' ? found.message : found.outcome;
}

describe('an expression of a policy', () => {
  it.each([
    // The sample of seed 001's own project, as its policy has it.
    [
      'request.spec.action == "delete" && target != null && (target.hasActiveEndpoints || target.readyReplicas > 0)',
      'true',
    ],
    [
      'has(request.spec.target) && has(request.spec.target.uri) && request.spec.target.uri.startsWith("k8s://prod")',
      'true',
    ],
    ['has(request.spec.reasoningTrace) && request.spec.reasoningTrace.confidenceScore < 0.7', 'false'],
    ['"ops" in principal.roles && principal.serviceAccount', 'true'],
    ['principal.roles.exists(r, r.startsWith("pizza:"))', 'true'],
    ['principal.claims.department == "payments"', 'true'],
    ['tool != null && !tool.readOnly && tool.method == "POST" && "order" in tool.tags', 'true'],
    ['args.amount > 10 && args.count == 3', 'true'],
    ['args.nested.a.exists(x, x.b == "x")', 'true'],
    ['has(args.missing) && args.missing == 1', 'false'],
    ['request.spec.agentIdentity == principal.identity', 'true'],
    ['now < timestamp("2027-01-01T00:00:00Z") && now - duration("1h") > timestamp("2026-03-29T00:00:00Z")', 'true'],
    ['now.getHours() == 1 && now.getHours("Europe/Berlin") == 3 && now.getDayOfWeek("Europe/Berlin") == 0', 'true'],
    ['target.uri.matches("^k8s://(prod|staging)/")', 'true'],
    ['has(principal.pat)', 'false'],
    ['request.kind == "AgentRequest"', 'true'],
  ])('%s is %s', (expression, expected) => {
    expect(outcomeOf(expression)).toBe(expected);
  });

  it('finds no target and no tool where there are none', () => {
    const { target: _t, tool: _o, ...bare } = input;
    expect(outcomeOf('target == null && tool == null && args.count == 3', bare)).toBe('true');
    expect(outcomeOf('size(args) == 0', { ...bare, args: undefined })).toBe('true');
  });

  it.each([
    [
      'request.spec.acton == "delete"',
      'No such key: acton',
      1,
      14,
      'request.spec.acton == "delete"\n                    ^',
    ],
    ['principal.roles ==\n  3', 'no such overload: list<string> == int', 1, 1, 'principal.roles ==\n       ^'],
    [
      'true &&\n  principle.identity == ""',
      'Unknown variable: principle',
      2,
      3,
      '  principle.identity == ""\n         ^',
    ],
    ['tool.readonly', 'No such key: readonly; tool has id, source, name, method, path, tags, readOnly', 1, 6, ''],
    ['request.spec.reason.startsWith(1)', "found no matching overload for 'string.startsWith(int)'", 1, 1, ''],
    ['target.uri.matches("(a")', 'matches: this group is not closed', 1, 20, ''],
    ['target.uri.matches("(?=a)")', 'matches: RE2 has no look-around and no other group of this form', 1, 20, ''],
    ['1 + 1', 'an expression must be true or false, and this one is int', 1, 1, ''],
    ['1 +', 'Unexpected token: EOF', 1, 4, ''],
  ])('is refused when it is made, with line and caret: %s', (expression, message, line, column, frame) => {
    const compiled = createPolicyCel().compile(expression);
    if (compiled.ok) throw new Error('it was accepted');
    expect(compiled.refusal).toMatchObject({ message, line, column });
    expect(compiled.refusal.frame).toContain(frame);
    expect(compiled.refusal.frame.split('\n').at(-1)).toMatch(/^ *\^$/);
  });

  it.each([
    ['too many characters', `"${'x'.repeat(4000)}" == ""`],
    ['too many parts', Array.from({ length: 400 }, () => 'args.count > 1').join(' && ')],
    ['too deep', `${'('.repeat(60)}true${')'.repeat(60)}`],
    ['three loops in one another', 'args.list.exists(a, args.list.exists(b, args.list.exists(c, a == c)))'],
    ['a list of a thousand', `args.count in [${Array.from({ length: 201 }, (_, i) => i).join(',')}]`],
  ])('is refused when it is made if it is %s', (_, expression) => {
    expect(createPolicyCel().compile(expression).ok).toBe(false);
  });

  const dear = 'the expression costs more than a policy may';
  it.each([
    ['a loop in a loop', 'args.list.all(a, args.list.all(b, a + b >= 0.0))', dear],
    ['a loop whose errors are swallowed', 'args.list.exists(a, args.list.exists(b, args.list[0] / b > 5.0))', dear],
    ['loops behind an or', 'args.list.all(a, args.list.all(b, a + b >= 0.0)) || true', dear],
    ['loops behind a not', '!args.list.exists(a, args.list.exists(b, a + b < 0.0))', dear],
    ['lists of lists', 'size(args.list.map(a, args.list.map(b, args.list))) > 0', dear],
    [
      'texts that double',
      'cel.bind(x, args.long + args.long, cel.bind(y, x + x + x + x + x + x, cel.bind(z, y + y + y + y + y + y, size(z) > 0)))',
      dear,
    ],
    [
      'lists that double',
      'cel.bind(x, args.list + args.list, cel.bind(y, x + x + x + x + x + x, cel.bind(z, y + y + y + y + y + y, size(z + z + z) > 0)))',
      dear,
    ],
    ['a pattern that would backtrack for ever', 'args.long.matches("^(a+)+$x")', dear],
    ['a pattern from the arguments', 'args.long.matches(args.long)', 'matches: a pattern is at most 1000 characters'],
    [
      'a search for a long text',
      'args.long.contains(args.long)',
      'the text that is searched for is longer than 250 characters',
    ],
    [
      'a duration of a hundred thousand digits',
      'duration(args.digits) > duration("1s")',
      'duration: expected a text such as "90s", "15m" or "1h30m"',
    ],
    ['a split into characters', 'size((args.long + args.long).split("")) > 0', dear],
    ['a zone that does not exist', 'now.getHours(args.long) == 1', `there is no time zone "${'a'.repeat(64)}"`],
  ])('is stopped where it runs: %s', (_, expression, message) => {
    const begun = performance.now();
    expect(outcomeOf(expression)).toBe(message);
    // Generous: a busy machine does it in 50 ms, and without the limits none of these ends in a minute.
    expect(performance.now() - begun).toBeLessThan(5000);
  });

  it('shares one purse with all others of a decision', () => {
    const cel = createPolicyCel();
    const compiled = cel.compile('args.list.all(a, a >= 0.0)');
    if (!compiled.ok) throw new Error(compiled.refusal.message);
    const facts = buildFacts(input);
    const run = () => compiled.value.evaluate(facts).outcome;
    cel.begin();
    const first = Array.from({ length: 100 }, run);
    expect(first[0]).toBe('true');
    expect(first.at(-1)).toBe('failed');
    cel.begin();
    expect(run()).toBe('true');
  });

  it('reaches nothing but its variables', () => {
    for (const expression of [
      'args.constructor == null',
      'args.__proto__ == null',
      'principal.constructor == null',
      'request.toString() == ""',
      'globalThis == null',
      'args.nested["__proto__"] == null',
    ]) {
      expect(outcomeOf(expression)).not.toMatch(/^(?:true|false)$/);
    }
  });
});
