import { parseDocument } from 'yaml';
import { readModule } from './module.ts';

/** A fenced block of a Markdown document. */
export interface Block {
  readonly language: string;
  readonly text: string;
  /** Of its opening fence, from 1. */
  readonly line: number;
  /** The test file that a comment above it names. */
  readonly run: string | null;
}

export function blocksOf(markdown: string): Block[] {
  const lines = markdown.split('\n');
  const blocks: Block[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const opening = /^(\s*)(`{3,})(\S*)/.exec(lines[index] ?? '');
    if (opening === null) continue;
    const [, indent = '', fence = '', language = ''] = opening;
    const end = lines.findIndex((line, at) => at > index && line.trim() === fence);
    if (end === -1) throw new SyntaxError(`the block at line ${index + 1} is not closed`);
    const text = lines.slice(index + 1, end).map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line));
    blocks.push({ language, text: text.join('\n'), line: index + 1, run: runAbove(lines.slice(0, index)) });
    index = end;
  }
  return blocks;
}

function runAbove(lines: readonly string[]): string | null {
  const above = lines.findLast((line) => line.trim() !== '') ?? '';
  return /^\s*<!-- run: (\S+) -->\s*$/.exec(above)?.[1] ?? null;
}

/** The targets of links and images, code left out. */
export function linksOf(markdown: string): string[] {
  return [...proseOf(markdown).matchAll(/\]\(([^)\s]+)[^)]*\)/g)].map((match) => match[1] ?? '');
}

/** The anchors that a document's headings get. */
export function anchorsOf(markdown: string): string[] {
  const headings = [...proseOf(markdown, false).matchAll(/^#+ (.*)$/gm)].map((match) => match[1] ?? '');
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );
}

function proseOf(markdown: string, withoutSpans = true): string {
  const lines = markdown.split('\n');
  for (const { line, text } of blocksOf(markdown)) lines.fill('', line - 1, line + text.split('\n').length + 1);
  return withoutSpans ? lines.join('\n').replaceAll(/`[^`\n]*`/g, '') : lines.join('\n');
}

/** The cells of each table's body. */
export function tablesOf(markdown: string): string[][][] {
  const tables = markdown.split(/\n(?!\|)/).map((block) => block.split('\n').filter((line) => line.startsWith('|')));
  return tables.filter((rows) => rows.length > 2).map((rows) => rows.slice(2).map(cellsOf));
}

function cellsOf(row: string): string[] {
  return row
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

/** Languages in which a document shows something that nobody would run or load. */
const shown = new Set(['text', 'markdown', 'mermaid', 'cedar', 'sql', 'http']);

/** What is wrong with a block by itself, or null. */
export function problemIn({ language, text }: Block): string | null {
  if (shown.has(language)) return null;
  const parse = parsers[language];
  if (parse === undefined) return 'is checked by nothing: use text, or teach test/structure/markdown.ts to check it';
  try {
    parse(text);
    return null;
  } catch (fault) {
    return fault instanceof Error ? fault.message : String(fault);
  }
}

const parsers: { readonly [language: string]: (text: string) => void } = {
  yaml(text) {
    const [problem] = parseDocument(text).errors;
    if (problem !== undefined) throw problem;
  },
  json: (text) => void JSON.parse(text),
  ts: (text) => void readModule('block.ts', text),
  toml: checkToml,
};

/** As much of TOML as clients' configurations use: comments, tables, and keys with a value on one line. */
function checkToml(text: string): void {
  const table = /^\[\[?[\w."' -]+\]?\]$/;
  const pair = /^([\w-]+|"[^"]*")(\.([\w-]+|"[^"]*"))* *= *("(?:[^"\\]|\\.)*"|'[^']*'|\[.*\]|\{.*\}|[\w.:+-]+)$/;
  for (const line of text.split('\n').map((given) => given.replace(/(^|\s)#[^"']*$/, '').trim()))
    if (line !== '' && !table.test(line) && !pair.test(line)) throw new SyntaxError(`"${line}" is neither a table nor a key with a value`);
}
