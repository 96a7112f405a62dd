import type { ValueKind } from '../../core/masking.ts';

/** Kinds by the OIDs of pg_type, the same in every server. A domain is announced by the type behind it. */
const kinds: { readonly [oid: number]: ValueKind } = {
  16: 'boolean',
  17: 'bytes',
  19: 'text',
  20: 'integer',
  21: 'integer',
  23: 'integer',
  25: 'text',
  26: 'integer',
  114: 'json',
  142: 'text',
  650: 'inet',
  700: 'float',
  701: 'float',
  705: 'text',
  829: 'mac',
  869: 'inet',
  1042: 'text',
  1043: 'text',
  1082: 'date',
  1083: 'time',
  1114: 'timestamp',
  1184: 'timestamp',
  1186: 'interval',
  1266: 'time',
  1700: 'numeric',
  2950: 'uuid',
  3802: 'json',
};

/** Element types by the OIDs of their arrays. */
export const elementTypes: { readonly [oid: number]: number } = {
  143: 142,
  199: 114,
  651: 650,
  1000: 16,
  1001: 17,
  1003: 19,
  1005: 21,
  1007: 23,
  1009: 25,
  1014: 1042,
  1015: 1043,
  1016: 20,
  1021: 700,
  1022: 701,
  1028: 26,
  1040: 829,
  1041: 869,
  1115: 1114,
  1182: 1082,
  1183: 1083,
  1185: 1184,
  1187: 1186,
  1231: 1700,
  1270: 1266,
  2951: 2950,
  3807: 3802,
};

/** What a value of this type is for its reader; `other` where the type is none of PostgreSQL's common ones. */
export function kindOf(type: number): ValueKind {
  return kinds[type] ?? (type in elementTypes ? 'array' : 'other');
}
