import { ok, type Result, refuse } from '@keyturn/protocol';
import { Environment, ParseError, TypeError as CelTypeError } from '@marcbachmann/cel-js';
import { keepMatchers, registerFunctions, renamed } from './cel-functions.ts';
import { CelMeter, type CelNode, isCelNode, meterNodes, writtenNodes } from './cel-meter.ts';

/** What is wrong with an expression, and where: `line` and `column` count from 1, `frame` shows the line with a caret. */
export interface CelFault {
  readonly message: string;
  readonly line: number;
  readonly column: number;
  readonly frame: string;
}

/** What came of an evaluation. `failed` is for the policy's `failureMode`. */
export type CelOutcome =
  | { readonly outcome: 'true' | 'false' }
  | { readonly outcome: 'failed'; readonly message: string };

export interface CelExpression {
  readonly evaluate: (variables: Readonly<Record<string, unknown>>) => CelOutcome;
  /** The paths that the expression reads, such as `request.spec.action`: what an explanation shows the values of. */
  readonly reads: readonly (readonly string[])[];
}

export interface Cel {
  /** Begins a decision: all evaluations until the next call share what three of them may cost. */
  readonly begin: () => void;
  /** Parses and type-checks; the expression must be a truth value. */
  readonly compile: (expression: string) => Result<CelExpression, CelFault>;
}

export interface CelOptions {
  /** Types by name, each a class whose instances are passed in, with the types of its fields. */
  readonly types: readonly CelType[];
  /** Variables with the names of their types. */
  readonly variables: Readonly<Record<string, string>>;
  /** The members of variables that may be null, which cel-js can give no type: other names are refused. */
  readonly members?: Readonly<Record<string, ReadonlySet<string>>>;
  /** Units an evaluation may cost; default 100,000, which is about 20 ms. */
  readonly budget?: number;
}

export interface CelType {
  readonly name: string;
  readonly make: new (...values: never[]) => object;
  readonly fields: Readonly<Record<string, string>>;
}

/** UTF-16 units of an expression. */
const maxLength = 4000;
const limits = { maxAstNodes: 1000, maxDepth: 50, maxListElements: 200, maxMapEntries: 100, maxCallArguments: 8 };
/** Loops in loops: nobody reads a rule with three. */
const maxLoopDepth = 2;
const loops: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);

/**
 * CEL as policies use it, over cel-js: this and its two neighbours are the only files that know that library. An
 * expression is bounded when it is made (length, nodes, depth, loops in loops) and when it runs (a meter in each node);
 * what it reads is frozen JSON, it calls nothing outside, and the clock is a variable.
 */
export function createCel({ types, variables, members = {}, budget = 100_000 }: CelOptions): Cel {
  const meter = new CelMeter(budget);
  const matcherOf = keepMatchers();
  const environment = new Environment({ limits, homogeneousAggregateLiterals: false });
  for (const { name, make, fields } of types) environment.registerType(name, { ctor: make, fields: { ...fields } });
  for (const [name, type] of Object.entries(variables)) environment.registerVariable(name, type);
  registerFunctions(environment, meter, matcherOf);

  const compile = (expression: string): Result<CelExpression, CelFault> => {
    if (expression.length > maxLength) {
      return refuse(faultAt(expression, 0, `an expression is at most ${maxLength} characters`));
    }
    let parsed: ReturnType<Environment['parse']>;
    try {
      parsed = environment.parse(expression);
    } catch (error) {
      return refuse(readFault(expression, error));
    }
    const fault =
      checkLoops(parsed.ast, expression) ??
      checkPatterns(parsed.ast, expression, matcherOf) ??
      checkMembers(parsed.ast, expression, members);
    if (fault !== undefined) return refuse(fault);
    const reads = [...readPaths(parsed.ast)];
    for (const node of writtenNodes(parsed.ast)) renameCall(node);
    const checked = parsed.check();
    if (!checked.valid) return refuse(readFault(expression, checked.error));
    if (checked.type !== 'bool' && checked.type !== 'dyn') {
      return refuse(
        faultAt(expression, 0, `an expression must be true or false, and this one is ${checked.type ?? 'neither'}`),
      );
    }
    meterNodes(parsed.ast, meter);
    return ok({ reads, evaluate: (values) => evaluate(parsed, values, meter) });
  };
  return { begin: () => meter.fill(budget * 3), compile };
}

function evaluate(
  run: (values: Record<string, unknown>) => unknown,
  values: Readonly<Record<string, unknown>>,
  meter: CelMeter,
): CelOutcome {
  meter.start();
  let value: unknown;
  try {
    value = run(values);
  } catch (error) {
    if (!meter.exhausted) return { outcome: 'failed', message: sentenceOf(error) };
  } finally {
    meter.stop();
  }
  // What was swallowed on the way may have changed the answer.
  if (meter.exhausted) return { outcome: 'failed', message: 'the expression costs more than a policy may' };
  if (typeof value === 'boolean') return { outcome: value ? 'true' : 'false' };
  return { outcome: 'failed', message: 'the expression came to neither true nor false' };
}

function checkLoops(ast: unknown, expression: string): CelFault | undefined {
  const visit = (value: unknown, depth: number): CelNode | undefined => {
    if (Array.isArray(value)) {
      for (const item of value) {
        const found = visit(item, depth);
        if (found !== undefined) return found;
      }
      return undefined;
    }
    if (!isCelNode(value)) return undefined;
    const deeper = value.op === 'rcall' && loops.has(callOf(value)?.name ?? '') ? depth + 1 : depth;
    return deeper > maxLoopDepth ? value : visit(value.args, deeper);
  };
  const tooDeep = visit(ast, 0);
  return tooDeep === undefined
    ? undefined
    : faultAt(
        expression,
        tooDeep.pos,
        `loops are nested deeper than ${maxLoopDepth}: all, exists, exists_one, map, filter`,
      );
}

/** A pattern that stands in the expression is read when the policy is made, not at midnight. */
function checkPatterns(
  ast: unknown,
  expression: string,
  matcherOf: ReturnType<typeof keepMatchers>,
): CelFault | undefined {
  for (const node of writtenNodes(ast)) {
    const call = callOf(node);
    const pattern = call?.name === 'matches' ? call.args[0] : undefined;
    if (!isCelNode(pattern) || pattern.op !== 'value' || typeof pattern.args !== 'string') continue;
    const matcher = matcherOf(pattern.args);
    if (!matcher.ok) return faultAt(expression, pattern.pos, `matches: ${matcher.refusal.message}`);
  }
  return undefined;
}

function checkMembers(
  ast: unknown,
  expression: string,
  members: NonNullable<CelOptions['members']>,
): CelFault | undefined {
  for (const node of writtenNodes(ast)) {
    const [variable = '', member, ...rest] = pathOf(node) ?? [];
    const known = members[variable];
    if (known === undefined || member === undefined || rest.length > 0 || known.has(member)) continue;
    return faultAt(expression, node.pos, `No such key: ${member}; ${variable} has ${[...known].join(', ')}`);
  }
  return undefined;
}

function callOf(node: CelNode): { readonly name: string; readonly args: readonly unknown[] } | undefined {
  if (!Array.isArray(node.args)) return undefined;
  const values: readonly unknown[] = node.args;
  const name = values[0];
  const args: unknown = node.op === 'rcall' ? values[2] : node.op === 'call' ? values[1] : undefined;
  return typeof name === 'string' && Array.isArray(args) ? { name, args } : undefined;
}

function renameCall(node: CelNode): void {
  const name = callOf(node)?.name;
  const other = name === undefined ? undefined : renamed.get(name);
  if (other !== undefined && Array.isArray(node.args)) node.args[0] = other;
}

/** `a.b.c` from a chain of members that begins at a variable; the longest ones only. */
function* readPaths(value: unknown): Generator<readonly string[]> {
  if (Array.isArray(value)) for (const item of value) yield* readPaths(item);
  else if (isCelNode(value)) {
    const path = pathOf(value);
    if (path === undefined) yield* readPaths(value.args);
    else yield path;
  }
}

function pathOf(node: CelNode): readonly string[] | undefined {
  if (node.op === 'id' && typeof node.args === 'string') return [node.args];
  if (node.op !== '.' || !Array.isArray(node.args)) return undefined;
  const values: readonly unknown[] = node.args;
  const [left, member] = values;
  const path = isCelNode(left) ? pathOf(left) : undefined;
  return path === undefined || typeof member !== 'string' ? undefined : [...path, member];
}

function readFault(expression: string, error: unknown): CelFault {
  if (error instanceof ParseError || error instanceof CelTypeError) {
    return faultAt(expression, error.range?.start ?? 0, original(error.summary));
  }
  return faultAt(expression, 0, sentenceOf(error));
}

function sentenceOf(error: unknown): string {
  const text = error instanceof Error ? ('summary' in error ? String(error.summary) : error.message) : String(error);
  return original(text).slice(0, 500);
}

/** The names that the author has written. */
function original(text: string): string {
  for (const [name, other] of renamed) if (text.includes(other)) return text.replaceAll(other, name);
  return text;
}

function faultAt(expression: string, offset: number, message: string): CelFault {
  const before = expression.slice(0, offset).split('\n');
  const line = before.length;
  const column = (before.at(-1)?.length ?? 0) + 1;
  const text = (expression.split('\n')[line - 1] ?? '').slice(0, 200);
  const number = String(line).padStart(4);
  const caret = `${' '.repeat(number.length + 3)}${' '.repeat(Math.min(column, 201) - 1)}^`;
  return { message, line, column, frame: `${number} | ${text}\n${caret}` };
}
