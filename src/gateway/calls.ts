import { ChaperoneError, messageOf } from '../core/errors.ts';

/** What one thread answers another: functions of plain data. */
export type Handlers = { readonly [name: string]: (argument: never) => unknown };
export type Calls<H extends Handlers> = {
  readonly [name in keyof H]: (argument: Parameters<H[name]>[0]) => Promise<Awaited<ReturnType<H[name]>>>;
};

/** A worker seen from outside, or its parent port seen from inside. */
export interface Line {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (message: Message) => void): unknown;
}

type Message =
  | { readonly kind: 'call'; readonly id: number; readonly name: string; readonly argument: unknown }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'fault'; readonly id: number; readonly message: string };

/** Answers calls that come over `line`, and makes calls of the other side's handlers. One for each end of a line. */
export function connectThreads<Theirs extends Handlers>(
  line: Line,
  handlers: Handlers,
): Calls<Theirs> & { readonly failAll: (fault: Error) => void } {
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (fault: Error) => void }>();
  let last = 0;
  line.on('message', (message) => {
    if (message.kind === 'call') {
      void answer(line, handlers, message);
      return;
    }
    const call = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.kind === 'answer') call?.resolve(message.value);
    else call?.reject(new ChaperoneError('INTERNAL', message.message));
  });
  const call = (name: string) => (argument: unknown) =>
    new Promise((resolve, reject) => {
      const id = ++last;
      waiting.set(id, { resolve, reject });
      line.postMessage({ kind: 'call', id, name, argument } satisfies Message);
    });
  const failAll = (fault: Error) => {
    for (const { reject } of waiting.values()) reject(fault);
    waiting.clear();
  };
  // The names exist as properties of the other side's type alone; each becomes a call when it is asked for.
  return new Proxy({ failAll }, { get: (own, name) => (name === 'failAll' ? own.failAll : call(String(name))) }) as never;
}

async function answer(line: Line, handlers: Handlers, message: Message & { kind: 'call' }): Promise<void> {
  const { id } = message;
  try {
    const handler = Object.hasOwn(handlers, message.name) ? handlers[message.name] : undefined;
    if (handler === undefined) throw new ChaperoneError('INTERNAL', `no handler for ${message.name}`);
    const value = await handler(message.argument as never);
    line.postMessage({ kind: 'answer', id, value } satisfies Message);
  } catch (fault) {
    line.postMessage({ kind: 'fault', id, message: messageOf(fault) } satisfies Message);
  }
}
