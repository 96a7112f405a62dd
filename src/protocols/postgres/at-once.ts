/** Goes on with a value at once where it is at hand: a permitted statement costs no turn of the event loop. */
export function after<In, Out>(value: In | Promise<In>, then: (value: In) => Out | Promise<Out>): Out | Promise<Out> {
  return value instanceof Promise ? value.then(then) : then(value);
}
