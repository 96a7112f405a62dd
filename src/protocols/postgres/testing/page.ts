import { largeObjectFunctions } from '../large-objects.ts';
import { type MessageRule, replyMessages, replyStates, requestMessages, requestStates } from '../messages.ts';
import { sqlstates } from '../sqlstates.ts';

/** The tables of docs/protocols/postgres.md that are made from the code, by the name in the comments around them. */
const tables: Readonly<Record<string, string>> = {
  'client states': table(['state', 'that is'], Object.entries(requestStates)),
  'client messages': table(
    ['type', 'message', 'longest, in bytes', ...Object.keys(requestStates)],
    rulesOf(requestMessages).map(([type, { name, limit, when }]) => [
      code(type),
      name,
      String(limit),
      ...Object.keys(requestStates).map((state) => (when.includes(state) ? 'passes' : '–')),
    ]),
  ),
  'target states': table(['state', 'that is'], Object.entries(replyStates)),
  'target messages': table(
    ['type', 'message', 'longest, in bytes', 'passes in'],
    rulesOf(replyMessages).map(([type, { name, limit, when }]) => [code(type), name, String(limit), places(when)]),
  ),
  'large objects': table(
    ['OID', 'function', 'effect'],
    [...largeObjectFunctions].map(([oid, { name, takes, gives, effect }]) => [
      String(oid),
      code(`${name}(${takes.join(', ')}) ${gives}`),
      name === 'lo_open' ? `${effect}; write with INV_WRITE` : effect,
    ]),
  ),
  'error codes': table(
    ['code', 'SQLSTATE at the door', 'SQLSTATE in a session'],
    Object.entries(sqlstates).map(([name, { door, session }]) => [code(name), door, session]),
  ),
};

/** The page with its tables made anew; where one has no place, or a place no table, it says so. */
export function withTables(page: string): string {
  const placed = new Set<string>();
  const made = page.replaceAll(/<!-- made from the code: (.+?) -->\n[\s\S]*?<!-- up to here -->/g, (_, name: string) => {
    placed.add(name);
    return `<!-- made from the code: ${name} -->\n\n${tables[name] ?? 'There is no such table.'}\n\n<!-- up to here -->`;
  });
  const missing = Object.keys(tables).filter((name) => !placed.has(name));
  return missing.length === 0 ? made : `${made}\nThe page has no place for: ${missing.join(', ')}.\n`;
}

function rulesOf(messages: Readonly<Record<string, MessageRule>>): (readonly [string, MessageRule])[] {
  return Object.entries(messages);
}

/** States in words; nearly all of them by those that are not. */
function places(when: readonly string[]): string {
  const others = Object.keys(replyStates).filter((state) => !when.includes(state));
  if (others.length === 0) return 'any';
  return others.length < 3 ? `any but ${others.join(', ')}` : when.join(', ');
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}
