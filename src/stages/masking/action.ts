/** What is done to a value that must not be seen; the later in this list, the less is left of it. */
export const maskActions = ['partial', 'pseudonym', 'redact', 'null'] as const;
export type MaskAction = (typeof maskActions)[number];

/** Of two rules that cover the same value, the one that leaves less wins. */
export function stricter(one: MaskAction, other: MaskAction): MaskAction {
  return maskActions.indexOf(one) >= maskActions.indexOf(other) ? one : other;
}

/** The fixed text that stands for a value. It has no digit and no `@`, so that no detector finds anything in it. */
export function redacted(label: string): string {
  return `[redacted:${label}]`;
}
