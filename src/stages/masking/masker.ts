import type { KeyObject } from 'node:crypto';
import { redacted } from './action.ts';
import { lastName } from './column-name.ts';
import { type ColumnRule, ColumnRules } from './column-rules.ts';
import { Detection } from './detection.ts';
import { Pseudonyms } from './pseudonyms.ts';
import type { Screen } from './screen.ts';
import { screenOf } from './screens.ts';
import type { MaskingSettings } from './settings.ts';
import type { Tally } from './tally.ts';
import { maskValue, type ValueKind } from './value.ts';

/** A column of a result, as far as masking must know it. */
export interface ResultColumn {
  /** Every column of the target that can have had a part in the values, by `columnKey`; `unknown` where that cannot be told. */
  readonly sources: ReadonlySet<string> | 'unknown';
  /**
   * Whether the values are those of one stored column as they stand (which `sources` may then name several times: a view's column
   * and the one behind it, a partition's and its parent's). What is computed from a masked column is redacted whole: a partial form
   * or pseudonym of a piece that the client chose would give the value away piece by piece.
   */
  readonly direct: boolean;
  /** The name that the client sees. */
  readonly label: string | null;
  readonly kind: ValueKind;
}

/** What happens to the values of one column. */
export type ColumnPlan =
  | { readonly how: 'pass' }
  | { readonly how: 'mask'; readonly rule: ColumnRule; readonly kind: ValueKind; readonly label: string | null }
  | { readonly how: 'detect'; readonly screen: Screen; readonly kind: ValueKind; readonly label: string | null; readonly hint: string };

interface Rules {
  readonly columns: ColumnRules;
  readonly screen: Screen;
}

const pass: ColumnPlan = { how: 'pass' };
const unknownLineage: ColumnRule = { action: 'redact', rule: 'lineage', label: 'unknown' };

/** Masks by one configuration, for every connection and protocol. It holds no state that a caller could see change. */
export class Masker {
  readonly #settings: MaskingSettings;
  readonly #pseudonyms: Pseudonyms;
  readonly #detection: Detection;
  readonly #rules = new Map<string, Rules>();

  constructor(settings: MaskingSettings, key: KeyObject) {
    this.#settings = settings;
    this.#pseudonyms = new Pseudonyms(key);
    this.#detection = new Detection(this.#pseudonyms);
  }

  /** Whether anything of this connection is masked, by column and by what values look like. */
  covers(connection: string): { readonly columns: boolean; readonly values: boolean } {
    const { columns, screen } = this.#of(connection);
    return { columns: !columns.isEmpty, values: !screen.isEmpty };
  }

  /** What happens to the columns of a result, in their order; null where all of it passes as it is. */
  plan(connection: string, columns: readonly ResultColumn[]): readonly ColumnPlan[] | null {
    const rules = this.#of(connection);
    if (rules.columns.isEmpty && rules.screen.isEmpty) return null;
    const plans = columns.map((column) => planOf(rules, column));
    return plans.every(({ how }) => how === 'pass') ? null : plans;
  }

  /** What the client gets for a value of a column, in the text form of the column's kind, or null. What was masked is added to the tally. */
  apply(plan: ColumnPlan, text: string, tally: Tally): string | null {
    switch (plan.how) {
      case 'pass':
        return text;
      case 'mask':
        tally.add(plan.rule.rule, plan.label, null);
        return maskValue(text, plan.rule, plan.kind, this.#pseudonyms);
      case 'detect':
        return this.#detection.value(text, plan, tally);
    }
  }

  /**
   * Free text of a connection (the details of an error, a notice, a plan, a log line) with what its detectors and patterns find
   * masked; null actions redact. It does not know of rules by column: where `covers` has some, a text that can quote a row must be withheld.
   */
  maskText(connection: string, text: string, tally: Tally): string {
    const findings = this.#of(connection).screen.find(text, '');
    return this.#detection.places(text, findings, null, tally) ?? redacted(findings[0]?.cause.name ?? 'text');
  }

  #of(connection: string): Rules {
    let rules = this.#rules.get(connection);
    if (rules === undefined) {
      rules = { columns: new ColumnRules(this.#settings, connection), screen: screenOf(this.#settings, connection) };
      this.#rules.set(connection, rules);
    }
    return rules;
  }
}

function planOf({ columns, screen }: Rules, { sources, direct, label, kind }: ResultColumn): ColumnPlan {
  const covering = sources === 'unknown' ? (columns.isEmpty ? null : unknownLineage) : columns.ofAny(sources);
  if (covering !== null) {
    const plain = direct && sources !== 'unknown';
    const rule = plain || covering.action === 'null' ? covering : { ...covering, action: 'redact' as const };
    return { how: 'mask', rule, kind, label };
  }
  return screen.isEmpty || !searchable.has(kind) ? pass : { how: 'detect', screen, kind, label, hint: hintOf(label, sources) };
}

/** What the value is called: by the client, who may call it anything, and by the target. */
function hintOf(label: string | null, sources: ResultColumn['sources']): string {
  const names = sources === 'unknown' ? [] : [...sources].slice(0, 8).map(lastName);
  return [label ?? '', ...names].join(' ').trim().toLowerCase();
}

/** What can hold something that is found by its look. A UUID, a truth value or a point in time cannot. */
const searchable: ReadonlySet<ValueKind> = new Set(['text', 'integer', 'numeric', 'json', 'bytes', 'inet', 'array', 'other']);
