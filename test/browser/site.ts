import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { checkout, type Demonstration, startDemonstration, temporaryFolder } from '../e2e/demonstration.ts';

/** Debian's; the tests of the browser are skipped where it is not, and say so. */
const chromiumPath = '/usr/bin/chromium';
const pictures = join(checkout, 'test', 'browser', 'pictures');

export type Person = 'dana' | 'omar' | 'ada' | 'sam';

export interface Look {
  readonly scheme?: 'light' | 'dark';
  readonly width?: number;
  readonly height?: number;
  /** Where the reader is, `Asia/Kolkata`; the machine's own zone where nothing is said. */
  readonly zone?: string;
}

/** A window of one person's. */
export interface Window extends AsyncDisposable {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Goes to a page of the console and waits until nothing loads any more. */
  open(path: string): Promise<void>;
  picture(name: string): Promise<void>;
}

export interface Site {
  readonly demonstration: Demonstration;
  readonly browser: Browser;
  /** Nobody's window. */
  window(look?: Look): Promise<Window>;
  /** A window in which this person is signed in; once is enough for all windows of one person. */
  as(person: Person, look?: Look): Promise<Window>;
  /** A line to the database through the gateway: the agent's, or the DBA's, for whom nothing is masked. */
  line(run: string, token?: 'agent' | 'dba'): Promise<Client>;
  /** What the API says to the holder of one of the tokens. */
  api<Answer>(token: 'agent' | 'engineer' | 'dba' | 'auditor' | 'stranger', path: string): Promise<Answer>;
  /** What any page complained of so far, a refused style or script included. */
  readonly faults: readonly string[];
  close(): Promise<void>;
}

/** A suite drives a real gateway and a real browser by turns, and may have to share its processors. */
export const suiteMs = 400_000;

export const whyNot = existsSync(chromiumPath) ? false : `${chromiumPath} is missing (Debian: chromium)`;

/** A demonstration as `npm start` makes it, and a browser. */
export async function openSite(): Promise<Site> {
  const { path, remove } = await temporaryFolder();
  const demonstration = await startDemonstration(path);
  const browser = await launchBrowser();
  await mkdir(pictures, { recursive: true });
  const token = (name: string) => readFile(join(path, 'tokens', `${name}.jwt`), 'utf8').then((text) => text.trim());
  const faults: string[] = [];
  const signedIn = new Map<Person, Awaited<ReturnType<BrowserContext['cookies']>>>();
  const open = (look?: Look) => openWindow(browser, demonstration.console, faults, look);
  return {
    demonstration,
    browser,
    faults,
    window: open,
    as: async (person, look) => {
      const window = await open(look);
      const known = signedIn.get(person);
      if (known === undefined) {
        await signIn(window.page, demonstration.console, person);
        signedIn.set(person, await window.context.cookies());
      } else {
        await window.context.addCookies(known);
        await window.page.goto('/');
        await settled(window.page);
      }
      return window;
    },
    line: async (run, name = 'agent') => {
      const { host, port } = demonstration.database;
      const client = new Client({
        host,
        port,
        database: 'orders',
        user: 'agent',
        password: await token(name),
        application_name: `cursor;run=${run}`,
      });
      // The gateway may end the session: that is what some tests are about.
      client.on('error', () => {});
      await client.connect();
      return client;
    },
    api: async <Answer>(name: string, address: string) => {
      const answer = await fetch(`${demonstration.console}${address}`, { headers: { authorization: `Bearer ${await token(name)}` } });
      assert.ok(answer.ok, `${address} answered ${answer.status}`);
      return (await answer.json()) as Answer;
    },
    close: async () => {
      await browser.close();
      await demonstration.stop();
      await remove();
    },
  };
}

export async function launchBrowser(): Promise<Browser> {
  const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];
  return chromium.launch({ executablePath: chromiumPath, args: [...args, '--disable-component-update', '--disable-sync'] });
}

export async function openWindow(
  browser: Browser,
  console: string,
  faults: string[],
  { scheme = 'light', width = 1280, height = 800, zone }: Look = {},
): Promise<Window> {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    baseURL: console,
    reducedMotion: 'reduce',
    ...(zone !== undefined && { timezoneId: zone }),
  });
  const page = await context.newPage();
  page.on('pageerror', (fault) => faults.push(`${page.url()}: ${fault.message}`));
  page.on('console', (message) => {
    // That an answer was a refusal is no fault of the page's.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      faults.push(`${page.url()}: ${message.text()}`);
  });
  return {
    page,
    context,
    open: async (path) => {
      await page.goto(path);
      await settled(page);
    },
    picture: async (name) => void (await page.screenshot({ path: join(pictures, `${name}.png`) })),
    [Symbol.asyncDispose]: () => context.close(),
  };
}

export async function signIn(page: Page, console: string, person: Person): Promise<void> {
  await page.goto('/sign-in');
  await page.getByRole('link', { name: /^Sign in with/ }).click();
  await page.getByRole('button', { name: new RegExp(`^${person}\\b`) }).click();
  await page.waitForURL((url) => url.origin === console && url.pathname !== '/sign-in');
  await settled(page);
}

/** The page has a heading, and nothing on it says that it is loading. */
export async function settled(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page
    .getByText(/^Loading /)
    .first()
    .waitFor({ state: 'detached' });
}

/** The first row of a table that says this. */
export function row(page: Page, text: RegExp | string) {
  return page.getByRole('row').filter({ hasText: text }).first();
}
