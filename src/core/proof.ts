declare const witnessed: unique symbol;
declare const cleared: unique symbol;

declare const shown: unique symbol;

/** Reply bytes in the form that the client may see: masked where they must be, or nothing that masking covers. */
export type Shown = Uint8Array & { readonly [shown]: true };

/** Request bytes that are on record: the only ones a target may be sent. */
export type Witnessed = Uint8Array & { readonly [witnessed]: true };

/** Reply bytes that are masked where they must be and on record: the only ones a client may be sent. */
export type Cleared = Uint8Array & { readonly [cleared]: true };

/** Only a protocol's masking.ts may call this; test/layers.test.ts holds it. */
export function mintShown(bytes: Uint8Array): Shown {
  return bytes as Shown;
}

/** Only core/crossing.ts may call these two; test/layers.test.ts holds it. */
export function mintWitnessed(bytes: Uint8Array): Witnessed {
  return bytes as Witnessed;
}
export function mintCleared(bytes: Uint8Array): Cleared {
  return bytes as Cleared;
}
