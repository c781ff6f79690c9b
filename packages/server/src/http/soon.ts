/** A value that is at hand, or comes. */
export type Soon<Value> = Value | Promise<Value>;

/**
 * Goes on with a value, at once where it is at hand. For what is done with every request: waiting for what is there
 * already costs a turn of the queue and a promise each time.
 */
export function goOn<Value, Next>(value: Soon<Value>, go: (value: Value) => Soon<Next>): Soon<Next> {
  return value instanceof Promise ? value.then(go) : go(value);
}
