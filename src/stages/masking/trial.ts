import { createSecretKey, randomBytes } from 'node:crypto';
import { DocumentMasks } from '../../core/document-masking.ts';
import {
  type ConnectionMasking,
  type MaskedCount,
  type ResultColumn,
  type SessionMasking,
  Tally,
  type ValueKind,
} from '../../core/masking.ts';
import { columnKey, isPointerKey, readColumn } from './column-name.ts';
import { createMasking } from './index.ts';
import { type MaskingSettings, maskingSchema } from './settings.ts';

/** Where the values of a tried column come from: a stored column as it stands, something computed from one, no column, or nobody knows. */
export type Origin = 'column' | 'computed' | 'none' | 'unknown';

export interface TriedColumn {
  readonly name: string;
  readonly kind: ValueKind;
  readonly origin: Origin;
  /** `schema.table.column`, where it comes from one. */
  readonly source: string;
  readonly value: string | null;
}

/** What somebody wants to see masked: words of a target, a document, or one row of a result. */
export type Sample =
  | { readonly kind: 'text' | 'document'; readonly text: string }
  | { readonly kind: 'row'; readonly columns: readonly TriedColumn[] };

/** Plain data, for the thread that tries it. `draft` is what somebody has written, to be checked as the configuration's section is. */
export interface TrialOrder {
  readonly settings: MaskingSettings | null;
  readonly connection: string;
  readonly sample: Sample;
  readonly draft: { readonly columns: readonly object[]; readonly detectors: readonly object[]; readonly patterns: readonly object[] };
}

/** `from`: from which character on, in UTF-16 units; null where that is not known. */
export interface TrialProblem {
  readonly at: string;
  readonly message: string;
  readonly from: number | null;
}

export type Tried =
  | { readonly kind: 'unsound'; readonly problems: readonly TrialProblem[] }
  | {
      readonly kind: 'tried';
      /** Whether anything of the connection is masked at all. */
      readonly covered: boolean;
      readonly shown: Shown;
      /** By which rules; `draft` where the rule is the draft's, and numbered as it is there. */
      readonly masked: readonly (MaskedCount & { readonly draft: boolean })[];
    };

/** What the wire would show. Words are `withheld` where a rule by column or by place cannot be followed into them. */
type Shown =
  | { readonly kind: 'text'; readonly text: string | null; readonly withheld: 'columns' | 'places' | null }
  | { readonly kind: 'row'; readonly values: readonly (string | null)[] };

const none: MaskingSettings = { columns: [], detectors: [], patterns: [] };

/**
 * Shows what the wire would, to somebody who may see nothing as it is, by the very code that masks it. The key of the pseudonyms is
 * made for this one trial: with the gateway's own, whoever may try could test guesses against the pseudonyms on record.
 */
export function tryMasking(order: TrialOrder): Tried {
  const inForce = order.settings ?? none;
  const draft = readDraft(order.draft, inForce);
  if ('problems' in draft) return { kind: 'unsound', problems: draft.problems };
  const row = order.sample.kind === 'row' ? readColumns(order.sample.columns) : null;
  if (row !== null && 'problems' in row) return { kind: 'unsound', problems: row.problems };
  const merged: MaskingSettings = {
    columns: [...inForce.columns, ...draft.columns],
    detectors: [...inForce.detectors, ...draft.detectors],
    patterns: [...inForce.patterns, ...draft.patterns],
  };
  const masking = createMasking(merged, createSecretKey(randomBytes(32)))(order.connection);
  const tally = new Tally();
  const shown = shownOf(order.sample, row?.columns ?? [], masking, tally);
  return { kind: 'tried', covered: masking !== null, shown, masked: tally.entries().map((entry) => ofDraft(entry, inForce)) };
}

function shownOf(sample: Sample, columns: readonly ResultColumn[], masking: ConnectionMasking | null, tally: Tally): Shown {
  switch (sample.kind) {
    case 'row':
      return {
        kind: 'row',
        values: masking === null ? sample.columns.map(({ value }) => value) : maskRow(sample.columns, columns, masking, tally),
      };
    case 'document':
    case 'text':
      if (masking === null) return { kind: 'text', text: sample.text, withheld: null };
      return words(sample, masking, tally);
    default:
      return sample satisfies never;
  }
}

function maskRow(
  given: readonly TriedColumn[],
  columns: readonly ResultColumn[],
  masking: ConnectionMasking,
  tally: Tally,
): (string | null)[] {
  const plan = masking.plan(columns, nothing);
  return given.map(({ value }, place) => {
    const mask = plan?.[place] ?? null;
    return value === null || mask === null ? value : mask.apply(value, tally);
  });
}

function words(
  { kind, text }: { readonly kind: 'text' | 'document'; readonly text: string },
  masking: ConnectionMasking,
  tally: Tally,
): Shown {
  const document = kind === 'document' ? new DocumentMasks(forNobody(masking)).json(text, tally) : null;
  if (document !== null) return { kind: 'text', text: document, withheld: null };
  if (masking.byPlace) return { kind: 'text', text: null, withheld: 'places' };
  return { kind: 'text', text: masking.text(text, tally), withheld: masking.byColumn ? 'columns' : null };
}

const nothing = () => false;

/** The masking of a session whose principal policy lets see nothing. */
function forNobody(masking: ConnectionMasking): SessionMasking {
  const plan = (columns: readonly ResultColumn[]) => masking.plan(columns, nothing);
  return { ...masking, plan, touches: (columns) => plan(columns) !== null, allMayBeSeen: nothing, keepsOriginals: false };
}

function ofDraft(entry: MaskedCount, inForce: MaskingSettings): MaskedCount & { readonly draft: boolean } {
  const [, list, index] = /^(columns|detectors|patterns)\[(\d+)\]$/.exec(entry.rule) ?? [];
  if (list === undefined || index === undefined) return { ...entry, draft: false };
  const before = inForce[list as 'columns' | 'detectors' | 'patterns'].length;
  const place = Number(index) - before;
  return place < 0 ? { ...entry, draft: false } : { ...entry, rule: `${list}[${place}]`, draft: true };
}

type Problems = { readonly problems: readonly TrialProblem[] };

function readDraft(draft: TrialOrder['draft'], inForce: MaskingSettings): MaskingSettings | Problems {
  const read = maskingSchema.safeParse(draft);
  if (!read.success) {
    const problems = read.error.issues.map((issue) => {
      const from: unknown = issue.code === 'custom' ? issue.params?.['from'] : null;
      return { at: placeOf(issue.path), message: issue.message, from: typeof from === 'number' ? from : null };
    });
    return { problems };
  }
  const taken = new Set(inForce.patterns.map(({ name }) => name));
  const problems = read.data.patterns.flatMap(({ name }, index) =>
    taken.has(name) ? [{ at: `patterns[${index}].name`, message: 'a pattern in force has this name; choose another', from: null }] : [],
  );
  return problems.length > 0 ? { problems } : read.data;
}

/** `patterns[0].pattern`, as the configuration's rules are named. */
function placeOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (place, key) => (typeof key === 'number' ? `${place}[${key}]` : place === '' ? String(key) : `${place}.${String(key)}`),
    '',
  );
}

function readColumns(given: readonly TriedColumn[]): { readonly columns: readonly ResultColumn[] } | Problems {
  const problems: TrialProblem[] = [];
  const columns = given.map(({ name, kind, origin, source }, index): ResultColumn => {
    const about = { label: name, kind, direct: origin === 'column' };
    if (origin === 'unknown') return { ...about, sources: 'unknown' };
    if (origin === 'none') return { ...about, sources: new Set() };
    const key = keyOf(source);
    if (key === null)
      problems.push({ at: `row[${index}].source`, message: 'expected schema.table.column, such as public.users.email', from: null });
    return { ...about, sources: new Set(key === null ? [] : [key]) };
  });
  return problems.length > 0 ? { problems } : { columns };
}

function keyOf(source: string): string | null {
  if (isPointerKey(source)) return null;
  const read = readColumn(`tried:${source}`);
  if (typeof read === 'string' || !('table' in read)) return null;
  const { schema, table, column } = read;
  return schema === null || table === null || column === null ? null : columnKey(schema, table, column);
}
