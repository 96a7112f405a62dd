import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checkout } from '../e2e/demonstration.ts';
import type { Measured } from './gauge.ts';

/** What any step of a reader's may cost: nodes of the page, rows in it, requests, and bytes of the tab's script. */
export const mostOfAPage = { nodes: 3_000, rowsInPage: 120, requests: 40, heap: 150_000_000 } as const;

/** What it may take, in milliseconds: the longest task of the page, the press that waits longest but for one in twenty, and some steps as a whole. */
export const mostOfTime = { task: 50, press: 100 } as const;
const wholeSteps: readonly { readonly step: RegExp; readonly most: number }[] = [
  { step: /^run .* opens/, most: 700 },
  { step: /: to exchange /, most: 150 },
  { step: /^what an agent asks shows/, most: 1_000 },
];

/** What a step was over in nodes, rows, requests or memory. */
export function overSize(measured: Measured): string[] {
  return (['nodes', 'rowsInPage', 'requests', 'heap'] as const).flatMap((what) =>
    measured[what] <= mostOfAPage[what] ? [] : [`${measured.step}: ${measured[what].toLocaleString('en')} ${what}`],
  );
}

/** What it was over in time. A task is judged by the processor's time, which neighbours on the machine do not add to. */
export function overTime({ step, took, longestTaskCpu, pressP95 }: Measured): string[] {
  const whole = wholeSteps.find((each) => each.step.test(step))?.most ?? Number.POSITIVE_INFINITY;
  return [
    ...(took <= whole ? [] : [`${step}: took ${Math.round(took)} ms of ${whole}`]),
    ...(longestTaskCpu <= mostOfTime.task ? [] : [`${step}: a task of ${Math.round(longestTaskCpu)} ms`]),
    ...(pressP95 <= mostOfTime.press ? [] : [`${step}: presses waited ${Math.round(pressP95)} ms`]),
  ];
}

/** The figures as a table to read, and in a file for programs. */
export async function keepMeasures(name: string, all: readonly Measured[]): Promise<void> {
  const path = join(checkout, 'test', 'browser', 'pictures', `measures-${name}.json`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${JSON.stringify(all, null, 2)}\n`);
  const head = ['step', 'ms', 'task ms', 'its CPU ms', 'press p95 ms', 'nodes', 'requests', 'heap MB'];
  const rows = all.map(({ step, took, longestTask, longestTaskCpu, pressP95, nodes, requests, heap }) =>
    [step, took, longestTask, longestTaskCpu, pressP95, nodes, requests, heap / 1e6].map((value) =>
      typeof value === 'number' ? String(Math.round(value)) : value,
    ),
  );
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of [head, ...rows])
    console.log(
      row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  '),
    );
}
