import { RE2JS, RE2JSException, RE2Set } from 're2js';

/** Longest pattern, in characters. What RE2 itself limits is how often it may repeat. */
const patternLimit = 1_000;

/** A user's pattern, by RE2's rules: in time linear in the text, whatever the pattern. */
export interface Pattern {
  readonly name: string;
  readonly source: string;
}

/** What is wrong with a pattern, and from which of its characters on; null where that is not known. */
export interface PatternProblem {
  readonly message: string;
  readonly from: number | null;
}

/** What is wrong with a pattern and where, or null. */
export function patternProblem(source: string): PatternProblem | null {
  if (source.length > patternLimit)
    return { message: `is longer than ${patternLimit} characters; split it into several patterns`, from: patternLimit };
  try {
    const isAll = compile(source).test('');
    return isAll ? { message: 'matches the empty text, and so everywhere; let it match one character at least', from: null } : null;
  } catch (fault) {
    if (fault instanceof RE2JSException) return describe(source, fault);
    throw fault;
  }
}

const compile = (source: string) => RE2JS.compile(source);

function describe(source: string, fault: RE2JSException): PatternProblem {
  const part = 'input' in fault && typeof fault.input === 'string' ? fault.input : '';
  const what = 'error' in fault && typeof fault.error === 'string' ? fault.error : 'cannot be read';
  const at = part === '' || part === source ? -1 : source.indexOf(part);
  const where = at < 0 ? '' : ` at character ${at + 1}, \`${part}\``;
  const message = `${what}${where}; write it in the syntax of RE2, which has no lookaround and no backreferences`;
  return { message, from: at < 0 ? null : at };
}

/** Several patterns as one automaton: a text that holds none of them is read once, however many they are. */
export class PatternSet {
  readonly #set = new RE2Set();
  readonly #patterns: readonly Pattern[];
  /** By place in the list, once a text has held one: most never do, and compiling is most of the time that loading takes. */
  readonly #compiled: RE2JS[] = [];

  constructor(patterns: readonly Pattern[]) {
    this.#patterns = patterns;
    for (const { source } of patterns) this.#set.add(source);
    if (patterns.length > 0) this.#set.compile();
  }

  /** Calls back for every finding of every pattern, with the pattern's place in the list. */
  find(text: string, found: (pattern: number, start: number, end: number) => void): void {
    if (this.#patterns.length === 0) return;
    for (const index of this.#set.match(text)) {
      const matcher = this.#at(index).matcher(text);
      while (matcher.find()) if (matcher.end() > matcher.start()) found(index, matcher.start(), matcher.end());
    }
  }
  #at(index: number): RE2JS {
    return (this.#compiled[index] ??= compile(this.#patterns[index]?.source ?? ''));
  }
}
