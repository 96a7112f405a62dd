import { RE2JS, RE2JSException } from 're2js';
import type { Value } from './syntax.ts';

const longestPattern = 500;

/** The pattern that a value stands for: its own, or that of its `*` and `?`. Or why it cannot be one. */
export function patternOf(value: Value): string | { readonly message: string } {
  const source = value.kind === 'pattern' ? value.source : wildcards(value.kind === 'range' ? `${value.low}..${value.high}` : value.text);
  if (source.length > longestPattern) return { message: `The pattern is longer than ${longestPattern} characters.` };
  try {
    RE2JS.compile(source, RE2JS.CASE_INSENSITIVE | RE2JS.DOTALL);
    return source;
  } catch (fault) {
    if (!(fault instanceof RE2JSException)) throw fault;
    return { message: `The pattern cannot be read (${fault.message}); write it in the syntax of RE2.` };
  }
}

function wildcards(text: string): string {
  const parts = text.replaceAll(/[^*?]+/g, (plain) => RE2JS.quote(plain));
  return `^${parts.replaceAll('*', '.*').replaceAll(/\?/g, '.')}$`;
}

/** Finds patterns in values, in time linear in the value whatever the pattern; keeps the last few compiled. */
export function createMatcher(): (source: string, value: string | null) => boolean {
  const compiled = new Map<string, RE2JS>();
  return (source, value) => {
    if (value === null) return false;
    let pattern = compiled.get(source);
    if (pattern === undefined) {
      pattern = RE2JS.compile(source, RE2JS.CASE_INSENSITIVE | RE2JS.DOTALL);
      if (compiled.size >= 32) compiled.clear();
      compiled.set(source, pattern);
    }
    return pattern.matcher(value).find();
  };
}
