declare const witnessed: unique symbol;
declare const cleared: unique symbol;

/** Request bytes that are on record: the only ones a target may be sent. */
export type Witnessed = Uint8Array & { readonly [witnessed]: true };

/** Reply bytes that are masked where they must be and on record: the only ones a client may be sent. */
export type Cleared = Uint8Array & { readonly [cleared]: true };

/** Only core/crossing.ts may call these two; test/layers.test.ts holds it. */
export function mintWitnessed(bytes: Uint8Array): Witnessed {
  return bytes as Witnessed;
}
export function mintCleared(bytes: Uint8Array): Cleared {
  return bytes as Cleared;
}
