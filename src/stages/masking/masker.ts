import type { KeyObject } from 'node:crypto';
import type { MayBeSeen, ResultColumn, Tally, ValueKind } from '../../core/masking.ts';
import { redacted } from './action.ts';
import { lastName } from './column-name.ts';
import { type ColumnRule, ColumnRules } from './column-rules.ts';
import { Detection } from './detection.ts';
import { Pseudonyms } from './pseudonyms.ts';
import type { Screen } from './screen.ts';
import { screenOf } from './screens.ts';
import type { MaskingSettings } from './settings.ts';
import { maskValue } from './value.ts';

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
  covers(connection: string): { readonly columns: boolean; readonly places: boolean; readonly values: boolean } {
    const { columns, screen } = this.#of(connection);
    return { columns: !columns.isEmpty, places: columns.hasPointers, values: !screen.isEmpty };
  }

  /** What happens to the columns of a result, in their order; null where all of it passes as it is. */
  plan(connection: string, columns: readonly ResultColumn[], mayBeSeen: MayBeSeen = nothing): readonly ColumnPlan[] | null {
    const rules = this.#of(connection);
    if (rules.columns.isEmpty && !rules.columns.hasPointers && rules.screen.isEmpty) return null;
    const plans = columns.map((column) => planOf(rules, column, mayBeSeen));
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
      default:
        return plan satisfies never;
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

function planOf({ columns, screen }: Rules, { sources, direct, label, kind }: ResultColumn, mayBeSeen: MayBeSeen): ColumnPlan {
  const covering = coveringRule(columns, sources, mayBeSeen);
  if (covering !== null) {
    const plain = direct && sources !== 'unknown';
    const rule = plain || covering.action === 'null' ? covering : { ...covering, action: 'redact' as const };
    return { how: 'mask', rule, kind, label };
  }
  if (screen.isEmpty || !searchable.has(kind)) return pass;
  // A value that comes from no column is the connection's.
  const origins = sources === 'unknown' || sources.size === 0 ? [null] : [...sources];
  return origins.every(mayBeSeen) ? pass : { how: 'detect', screen, kind, label, hint: hintOf(label, sources) };
}

/** The strictest rule for what may not be seen as it is. */
function coveringRule(columns: ColumnRules, sources: ResultColumn['sources'], mayBeSeen: MayBeSeen): ColumnRule | null {
  if (columns.isEmpty && !columns.hasPointers) return null;
  if (sources === 'unknown') return mayBeSeen(null) ? null : unknownLineage;
  const covered = [...sources].filter((source) => columns.of(source) !== null);
  return covered.length === 0 ? null : columns.ofAny(covered.filter((source) => !mayBeSeen(source)));
}

const nothing: MayBeSeen = () => false;

/** What the value is called: by the client, who may call it anything, and by the target. */
function hintOf(label: string | null, sources: ResultColumn['sources']): string {
  const names = sources === 'unknown' ? [] : [...sources].slice(0, 8).map(lastName);
  return [label ?? '', ...names].join(' ').trim().toLowerCase();
}

/** What can hold something that is found by its look. A UUID, a truth value or a point in time cannot. */
const searchable: ReadonlySet<ValueKind> = new Set(['text', 'integer', 'numeric', 'json', 'bytes', 'inet', 'array', 'other']);
