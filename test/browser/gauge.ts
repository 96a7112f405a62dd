import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import type { UnloggedPage } from './unlogged-page.ts';

/** What one step of a reader's cost the page. Times are milliseconds. */
export interface Measured {
  readonly step: string;
  /** From the first press to what the step waits for. */
  readonly took: number;
  /** The longest task of the page's own thread: as the clock has it, and as the processor has it, which others do not disturb. */
  readonly longestTask: number;
  readonly longestTaskCpu: number;
  /** How long presses waited for the frames that answer them: the 95th percentile, or 0 where there were none. */
  readonly pressP95: number;
  readonly presses: number;
  readonly nodes: number;
  readonly rowsInPage: number;
  readonly requests: number;
  /** Bytes of the script's heap and what it holds outside of it, after a collection of garbage. */
  readonly heap: number;
}

/** The page that is measured. */
interface Subject {
  /** A step begins; what `requests` counts begins with it. */
  begin(): void;
  requests(): number | Promise<number>;
  evaluate(expression: string): Promise<unknown>;
  send(method: 'HeapProfiler.collectGarbage' | 'Runtime.getHeapUsage'): Promise<unknown>;
}

/** Measures the steps of one page. Must be opened before the page goes anywhere. */
export class Gauge {
  readonly all: Measured[] = [];
  readonly #browser: Browser;
  readonly #subject: Subject;

  private constructor(browser: Browser, subject: Subject) {
    this.#browser = browser;
    this.#subject = subject;
  }

  static async of(browser: Browser, page: Page): Promise<Gauge> {
    await page.addInitScript(observe);
    const session = await page.context().newCDPSession(page);
    let requests = 0;
    page.on('request', (request) => {
      if (request.url().includes('/api/')) requests += 1;
    });
    return new Gauge(browser, {
      begin: () => (requests = 0),
      requests: () => requests,
      evaluate: (expression) => page.evaluate(expression),
      send: (method: 'HeapProfiler.collectGarbage') => session.send(method),
    });
  }

  /** Of a page that each step loads anew and in which nothing is pressed: its requests are those of the document. */
  static ofUnlogged(browser: Browser, page: UnloggedPage): Gauge {
    const entries = `performance.getEntriesByType('resource').filter(({ name }) => name.includes('/api/')).length`;
    return new Gauge(browser, {
      begin: () => {},
      requests: async () => Number(await page.evaluate(entries)),
      evaluate: (expression) => page.evaluate(expression),
      send: (method) => page.send(method),
    });
  }

  async step(step: string, act: () => Promise<unknown>): Promise<Measured> {
    const subject = this.#subject;
    subject.begin();
    await subject.evaluate('window.measured?.splice(0)');
    await this.#browser.startTracing(undefined, { categories: ['toplevel', 'blink.user_timing'] });
    const began = performance.now();
    let took = 0;
    let trace: Buffer;
    try {
      await act();
      took = performance.now() - began;
      // What was begun by the step and is not done yet is part of it.
      await subject.evaluate('new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100)))');
      await subject.evaluate(`performance.mark('${ownMark}')`);
    } finally {
      trace = await this.#browser.stopTracing();
    }
    const tasks = tasksIn(trace);
    const presses = ((await subject.evaluate('window.measured ?? []')) as readonly number[]).toSorted((one, other) => one - other);
    const found: Measured = {
      step,
      took,
      longestTask: Math.max(0, ...tasks.map(({ wall }) => wall)),
      longestTaskCpu: Math.max(0, ...tasks.map(({ cpu }) => cpu)),
      pressP95: presses[Math.ceil(presses.length * 0.95) - 1] ?? 0,
      presses: presses.length,
      nodes: await this.#count('*'),
      rowsInPage: await this.#count('[role=row], [role=option]'),
      requests: await subject.requests(),
      heap: await this.#heap(),
    };
    this.all.push(found);
    return found;
  }

  async #count(selector: string): Promise<number> {
    return Number(await this.#subject.evaluate(`document.querySelectorAll('${selector}').length`));
  }

  async #heap(): Promise<number> {
    await this.#subject.send('HeapProfiler.collectGarbage');
    const { usedSize, backingStorageSize = 0 } = (await this.#subject.send('Runtime.getHeapUsage')) as {
      readonly usedSize: number;
      readonly backingStorageSize?: number;
    };
    return usedSize + backingStorageSize;
  }
}

/**
 * From a press to the beginning of the frame that follows the one that answers it, by when that one is with the compositor. Not to a message
 * or a timer after it: these wait behind the presses that follow (255 ms where the trace has the frame displayed after 76). Nor what
 * the browser's Event Timing says: where a press leads to what is shown already, no frame is displayed, and it counts to the next one that is (619 ms).
 */
const observe = `
  window.measured = [];
  const press = ({ timeStamp }) => requestAnimationFrame(() => requestAnimationFrame(() => window.measured.push(performance.now() - timeStamp)));
  for (const kind of ['keydown', 'pointerdown', 'pointerup']) addEventListener(kind, press, { capture: true });
`;

interface TraceEvent {
  readonly name: string;
  readonly tid: number;
  readonly pid: number;
  readonly dur?: number;
  readonly tdur?: number;
}

const ownMark = 'measured';

/** The tasks of the page's own thread, by the mark that it made: the browser's own pages have threads of their own kind. */
function tasksIn(trace: Buffer) {
  const { traceEvents } = JSON.parse(trace.toString()) as { readonly traceEvents: readonly TraceEvent[] };
  const own = traceEvents.find(({ name }) => name === ownMark);
  assert.ok(own);
  return traceEvents
    .filter(({ name, pid, tid }) => name.endsWith('RunTask') && pid === own.pid && tid === own.tid)
    .map(({ dur = 0, tdur = 0 }) => ({ wall: dur / 1000, cpu: tdur / 1000 }));
}
