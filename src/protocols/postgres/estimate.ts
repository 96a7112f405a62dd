import type { Action } from '../../core/action.ts';
import { queryKinds } from '../../sql/indirect.ts';
import { qualified } from '../../sql/names.ts';
import { parseStatements } from '../../sql/parse.ts';
import { isFields, unwrap } from '../../sql/tree.ts';
import type { BoundRequest } from './bound-request.ts';
import { cstring, encodeMessage } from './messages.ts';
import { askApart, type Asker } from './own-line.ts';
import { uint32 } from './startup.ts';

const patienceMs = 2_000;
const noValues = Buffer.alloc(4);
const noTypes = Buffer.alloc(2);

/**
 * How many rows the target's planner expects a statement to touch; null where it is none that is planned, or the target does not
 * say in time. Asked in a session of the gateway's own, in a transaction that only reads. The planner runs functions that are not
 * volatile to estimate by what they give: what calls any but PostgreSQL's own harmless ones would be done before a person has said
 * yes, and the number of rows could be any value that it reads.
 */
export async function estimateRows(
  asker: Asker,
  { text, demands }: Action,
  request: BoundRequest | null,
  searchPath: readonly string[],
): Promise<number | null> {
  const runsCode = demands.some(({ effect, object }) => effect === 'unknown' || object?.type === 'Function');
  if (runsCode || !(await isPlanned(text))) return null;
  const path = searchPath.map((schema) => qualified(schema)).join(', ') || "''";
  const begin = `begin read only; set local statement_timeout = ${patienceMs}; set local search_path = ${path}`;
  const messages = Buffer.concat([
    encodeMessage('Q', cstring(begin)),
    encodeMessage('P', cstring(''), cstring(`explain (format json) ${text}`), request?.types ?? noTypes),
    encodeMessage('B', cstring(''), cstring(''), request?.given ?? noValues, noTypes),
    encodeMessage('E', cstring(''), uint32(0)),
    encodeMessage('S'),
  ]);
  try {
    let plan = 'null';
    await askApart(
      asker,
      messages,
      ([told]) => {
        plan = told ?? plan;
      },
      2,
    );
    return rowsOf(JSON.parse(plan));
  } catch {
    // A statement that cannot be planned there can still be asked about; the record says what the target answered.
    return null;
  }
}

async function isPlanned(text: string): Promise<boolean> {
  const parsed = await parseStatements(text);
  if ('unreadable' in parsed || parsed.statements.length !== 1) return false;
  const [kind, fields] = unwrap(parsed.statements[0]?.tree) ?? ['', {}];
  return queryKinds.has(kind) && !isFields(fields['intoClause']);
}

/** A plan that changes rows says none of its own where it returns none: then those that come to it count. */
function rowsOf(answer: unknown): number | null {
  const plan = Array.isArray(answer) && isFields(answer[0]) ? answer[0]['Plan'] : null;
  return isFields(plan) ? planRows(plan) : null;
}

function planRows(plan: { readonly [field: string]: unknown }): number | null {
  if (plan['Node Type'] !== 'ModifyTable') return typeof plan['Plan Rows'] === 'number' ? plan['Plan Rows'] : null;
  const inner: unknown[] = Array.isArray(plan['Plans']) ? plan['Plans'] : [];
  // The first is what is changed; others are queries that WITH has named.
  const outer = inner.filter(isFields).find((one) => one['Parent Relationship'] === 'Outer' || one['Parent Relationship'] === 'Member');
  return outer === undefined ? null : planRows(outer);
}
