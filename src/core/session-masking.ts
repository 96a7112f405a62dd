import type { Action } from './action.ts';
import type { MayBeSeen, SessionMasking } from './masking.ts';
import type { Circumstance, Stages } from './stages.ts';

/** How many tables a session is asked about without making the question anew. */
const rememberedTables = 10_000;

/** What masks the data of a session: the connection's rules, but for what policy lets its principal see. */
export function maskingOf(stages: Stages, circumstance: Circumstance): SessionMasking | null {
  const masking = stages.masking?.(circumstance.connection) ?? null;
  if (masking === null) return null;
  const mayBeSeen = permission(stages, circumstance);
  return {
    byColumn: masking.byColumn,
    byPlace: masking.byPlace,
    plan: (columns) => masking.plan(columns, mayBeSeen),
    touches: (columns) => masking.plan(columns, () => false) !== null,
    text: (text, tally) => masking.text(text, tally),
    allMayBeSeen: () => mayBeSeen(null),
    keepsOriginals: (stages.originals ?? null) !== null,
  };
}

/** Places in documents are of no object that policies name; what they may see there is asked of the connection. */
function isPlace(source: string): boolean {
  return source.startsWith('/');
}

/**
 * Asks policy for `unmask` each time, so that a change of it counts at once; the same table is the same action object, which
 * policy knows again without reading it. What needs a person, or time, is no yes.
 */
function permission(stages: Pick<Stages, 'judge'>, circumstance: Circumstance): MayBeSeen {
  const actions = new Map<string | null, Action>();
  return (given) => {
    const source = given !== null && isPlace(given) ? null : given;
    let action = actions.get(source);
    if (action === undefined) {
      if (actions.size >= rememberedTables) actions.clear();
      actions.set(source, (action = unmask(source === null ? null : tableOf(source))));
    }
    try {
      const verdict = stages.judge(circumstance, action);
      return !(verdict instanceof Promise) && verdict.kind === 'permit';
    } catch {
      return false;
    }
  };
}

function unmask(table: string | null): Action {
  const object = table === null ? null : { type: 'Table', name: table };
  const demand = { action: 'unmask', effect: 'unknown', object } as const;
  return { name: 'unmask', effect: 'unknown', demands: [demand], objects: object === null ? [] : [object], text: 'unmask', facts: {} };
}

/** `schema.table` of `schema.table.column`, whose last name may be quoted with points in it. */
function tableOf(source: string): string {
  return source.replace(/\.(?:"(?:[^"]|"")*"|[^".]*)$/, '');
}
