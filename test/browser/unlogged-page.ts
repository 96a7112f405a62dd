import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser, BrowserContext, CDPSession } from 'playwright-core';

const waitMs = 60_000;

/**
 * A page that the driver has no log of. For the driver's own pages the browser decodes each answer that has come whole, so that
 * the driver can ask for it: in a task of the page's own thread, which takes 55 ms for 13 MB, and which no reader's page has.
 */
export class UnloggedPage implements AsyncDisposable {
  readonly #session: CDPSession;
  readonly #browserContextId: string;
  readonly #sessionId: string;
  readonly #answers = new Map<number, (answer: Answer) => void>();
  #asked = 0;

  private constructor(session: CDPSession, browserContextId: string, sessionId: string) {
    this.#session = session;
    this.#browserContextId = browserContextId;
    this.#sessionId = sessionId;
    session.on('Target.receivedMessageFromTarget', ({ message }) => {
      const answer: Answer = JSON.parse(message);
      if (answer.id !== undefined) this.#answers.get(answer.id)?.(answer);
    });
  }

  /** Signed in as who is in `context`. */
  static async open(browser: Browser, context: BrowserContext): Promise<UnloggedPage> {
    const session = await browser.newBrowserCDPSession();
    // A context that the driver did not make is one that it lets go of.
    const { browserContextId } = await session.send('Target.createBrowserContext', {});
    const cookies = (await context.cookies()).map(({ name, value, domain, path, httpOnly }) => ({ name, value, domain, path, httpOnly }));
    await session.send('Storage.setCookies', { browserContextId, cookies });
    const { targetId } = await session.send('Target.createTarget', { url: 'about:blank', browserContextId, width: 1280, height: 800 });
    const { sessionId } = await session.send('Target.attachToTarget', { targetId });
    return new UnloggedPage(session, browserContextId, sessionId);
  }

  async goto(address: string): Promise<void> {
    await this.send('Page.navigate', { url: address });
  }

  /** Waits until the page says that this expression is true. */
  async until(expression: string): Promise<void> {
    const limit = performance.now() + waitMs;
    while ((await this.evaluate(expression)) !== true) {
      assert.ok(performance.now() < limit, `${expression} is not true within ${waitMs} ms`);
      await pause(20);
    }
  }

  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = (await this.send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    })) as { readonly result: { readonly value?: unknown }; readonly exceptionDetails?: { readonly text: string } };
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${exceptionDetails.text}`);
    return result.value;
  }

  async send(method: string, params: object = {}): Promise<unknown> {
    this.#asked += 1;
    const id = this.#asked;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#answers.set(id, resolve);
    await this.#session.send('Target.sendMessageToTarget', {
      sessionId: this.#sessionId,
      message: JSON.stringify({ id, method, params }),
    });
    const { result, error } = await promise;
    this.#answers.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.send('Target.disposeBrowserContext', { browserContextId: this.#browserContextId });
    await this.#session.detach();
  }
}

interface Answer {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}
