import type { Browser, CDPSession, Page } from 'playwright-core';

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

/** Measures the steps of one page. Must be opened before the page goes anywhere. */
export class Gauge {
  readonly all: Measured[] = [];
  readonly #browser: Browser;
  readonly #page: Page;
  readonly #session: CDPSession;
  #requests = 0;

  private constructor(browser: Browser, page: Page, session: CDPSession) {
    this.#browser = browser;
    this.#page = page;
    this.#session = session;
    page.on('request', (request) => {
      if (request.url().includes('/api/')) this.#requests += 1;
    });
  }

  static async of(browser: Browser, page: Page): Promise<Gauge> {
    await page.addInitScript(observe);
    return new Gauge(browser, page, await page.context().newCDPSession(page));
  }

  async step(step: string, act: () => Promise<unknown>): Promise<Measured> {
    const page = this.#page;
    this.#requests = 0;
    await page.evaluate('window.measured?.splice(0)');
    await this.#browser.startTracing(page, { categories: ['toplevel'] });
    const began = performance.now();
    let took = 0;
    let trace: Buffer;
    try {
      await act();
      took = performance.now() - began;
      // What was begun by the step and is not done yet is part of it.
      await page.evaluate('new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100)))');
    } finally {
      trace = await this.#browser.stopTracing();
    }
    const tasks = tasksIn(trace);
    const presses = (await page.evaluate<number[]>('window.measured ?? []')).toSorted((one, other) => one - other);
    const found: Measured = {
      step,
      took,
      longestTask: Math.max(0, ...tasks.map(({ wall }) => wall)),
      longestTaskCpu: Math.max(0, ...tasks.map(({ cpu }) => cpu)),
      pressP95: presses[Math.ceil(presses.length * 0.95) - 1] ?? 0,
      presses: presses.length,
      nodes: await page.evaluate<number>('document.querySelectorAll("*").length'),
      rowsInPage: await page.evaluate<number>('document.querySelectorAll("[role=row], [role=option]").length'),
      requests: this.#requests,
      heap: await this.#heap(),
    };
    this.all.push(found);
    return found;
  }

  async #heap(): Promise<number> {
    await this.#session.send('HeapProfiler.collectGarbage');
    const { usedSize, backingStorageSize = 0 } = (await this.#session.send('Runtime.getHeapUsage')) as {
      readonly usedSize: number;
      readonly backingStorageSize?: number;
    };
    return usedSize + backingStorageSize;
  }
}

/**
 * From a press to when the second frame that follows it is handed to the compositor: in the first a page may only begin to draw what
 * the press leads to. What Event Timing tells of presses in a burst reaches to a later frame than the one that shows them: a trace
 * has them drawn within 50 ms where it says 640.
 */
const observe = `
  window.measured = [];
  const shown = new MessageChannel();
  const pressed = [];
  shown.port1.onmessage = () => { for (const at of pressed.splice(0)) window.measured.push(performance.now() - at); };
  const done = (timeStamp) => { pressed.push(timeStamp); shown.port2.postMessage(null); };
  const press = ({ timeStamp }) => requestAnimationFrame(() => requestAnimationFrame(() => done(timeStamp)));
  for (const kind of ['keydown', 'pointerdown']) addEventListener(kind, press, { capture: true });
`;

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly tid: number;
  readonly pid: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** The tasks of the page's own thread. */
function tasksIn(trace: Buffer) {
  const { traceEvents } = JSON.parse(trace.toString()) as { readonly traceEvents: readonly TraceEvent[] };
  const own = new Set(
    traceEvents
      .filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain')
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  return traceEvents
    .filter(({ name, pid, tid }) => name.endsWith('RunTask') && own.has(`${pid} ${tid}`))
    .map(({ dur = 0, tdur = 0 }) => ({ wall: dur / 1000, cpu: tdur / 1000 }));
}
