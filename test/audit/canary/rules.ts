import { canaries } from './sample.ts';

/** Everything but to see data unmasked. */
export const policies = `@id("all-but-unmask")
permit (
  principal,
  action in [Action::"read", Action::"write", Action::"schema", Action::"admin", Action::"unknown", Action::"connect"],
  resource
);`;
/** Each column by its own rule, wherever it stands, and cards by what they look like. */
export const masking = {
  columns: canaries.flatMap(({ column, action }) =>
    ['people', 'staff', 'parts', 'made'].map((table) => ({ column: `orders:public.${table}.${column}`, action })),
  ),
  detectors: [{ detect: ['card'], connections: ['orders'], action: 'redact' }],
};
