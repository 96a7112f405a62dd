// A reporter of node:test for scripts/test.mjs: each skipped test as it comes, and the counts at the end, a JSON document a line.
import { relative } from 'node:path';
import { root } from './install/root.mjs';

// node:test takes a reporter as the default export of its module.
export default async function* tally(events) {
  for await (const { type, data } of events) {
    if (type === 'test:pass' || type === 'test:fail') {
      const reason = reasonFor(data);
      if (reason !== null) yield line({ skipped: data.name, file: data.file ? relative(root, data.file) : '', reason });
    }
    // With a process a file there is a summary for each of them; the one of the whole run names no file.
    if (type === 'test:summary' && data.file === undefined) yield line({ counts: data.counts });
  }
}

function reasonFor({ skip, todo }) {
  const mark = skip ?? todo;
  if (mark === undefined || mark === false) return null;
  return typeof mark === 'string' && mark !== '' ? mark : 'no reason given';
}

function line(value) {
  return `${JSON.stringify(value)}\n`;
}
