/**
 * What an evaluation may cost. One unit is about one step of the evaluator; values that are carried about cost by their
 * size, so that neither a loop in a loop nor a text that doubles itself gets far.
 */
export class CelMeter {
  readonly #limit: number;
  #purse = Number.POSITIVE_INFINITY;
  #left = 0;

  /** Units that one evaluation may cost. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Gives all evaluations from here on a common purse: a hundred dear rules must not cost a hundred times. */
  fill(units: number): void {
    this.#purse = units;
  }

  start(): void {
    this.#left = Math.min(this.#limit, this.#purse);
  }

  stop(): void {
    this.#purse -= Math.min(this.#limit, this.#purse) - Math.max(0, this.#left);
  }

  get exhausted(): boolean {
    return this.#left < 0;
  }

  /** Throws once the limit is passed, and at every step from there: `||` and `exists` swallow what their operands throw. */
  spend(units: number): void {
    this.#left -= units;
    if (this.#left < 0) throw tooCostly;
  }

  /** Charges for a value that an operation has made or handed on. */
  spendOn(value: unknown): void {
    if (typeof value === 'string') this.spend(1 + (value.length >> 6));
    else if (Array.isArray(value)) this.spend(1 + (value.length >> 2));
    else if (value instanceof Uint8Array) this.spend(1 + (value.length >> 6));
    else this.spend(1);
  }
}

/** One for all, without a trace: it may be thrown many times while an evaluation winds up. */
const tooCostly = new Error('the expression costs more than a policy may');

/**
 * A node of cel-js 8.0.0. Its class is not exported, its members are: `op`, `args` and `pos` are documented, `meta` is a
 * public getter that says how the node is evaluated. The version is pinned, and the tests of this file's limits fail if
 * another one no longer has these.
 */
export interface CelNode {
  readonly op: string;
  readonly args: unknown;
  readonly pos: number;
  readonly meta: {
    readonly alternate?: unknown;
    readonly macro?: { readonly evaluate: Evaluate } | undefined;
    readonly evaluate: Evaluate;
  };
  evaluate: Evaluate;
}

type Evaluate = (evaluator: unknown, node: unknown, context: unknown) => unknown;

export function isCelNode(value: unknown): value is CelNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value && 'meta' in value;
}

/** Every node that an expression holds as it was written: macros are calls here. */
export function* writtenNodes(value: unknown): Generator<CelNode> {
  if (Array.isArray(value)) for (const item of value) yield* writtenNodes(item);
  else if (isCelNode(value)) {
    yield value;
    yield* writtenNodes(value.args);
  }
}

/**
 * Puts the meter into every node of a checked expression, also in what macros were turned into. A loop asks it before
 * each round too, outside of what `exists` catches, so that all loops end at once when it is exhausted.
 */
export function meterNodes(value: unknown, meter: CelMeter, met: Set<unknown> = new Set()): void {
  if (typeof value !== 'object' || value === null || met.has(value)) return;
  met.add(value);
  if (Array.isArray(value)) for (const item of value) meterNodes(item, meter, met);
  else if (isCelNode(value)) {
    meterNode(value, meter);
    meterNodes(value.args, meter, met);
    meterNodes(value.meta.alternate, meter, met);
    meterNodes(value.meta.macro, meter, met);
  } else if (Object.getPrototypeOf(value) === Object.prototype) {
    if ('iterable' in value && 'step' in value) meterLoop(value, meter);
    for (const member of Object.values(value)) meterNodes(member, meter, met);
  }
}

function meterNode(node: CelNode, meter: CelMeter): void {
  const { alternate, macro, evaluate } = node.meta;
  const run: Evaluate = isCelNode(alternate)
    ? (evaluator, _, context) => alternate.evaluate(evaluator, alternate, context)
    : macro === undefined
      ? evaluate
      : (evaluator, _, context) => macro.evaluate(evaluator, macro, context);
  node.evaluate = (evaluator, self, context) => {
    meter.spend(1);
    const value = run(evaluator, self, context);
    if (typeof value === 'string' || (typeof value === 'object' && value !== null)) meter.spendOn(value);
    return value;
  };
}

function meterLoop(loop: object & { condition?: unknown }, meter: CelMeter): void {
  const { condition } = loop;
  loop.condition = (accumulated: unknown) => {
    meter.spend(1);
    return typeof condition !== 'function' || condition(accumulated) === true;
  };
}
