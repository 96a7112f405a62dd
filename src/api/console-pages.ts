import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { answerUnknownRoute } from './faults.ts';
import { problem, sendProblem } from './problem.ts';
import type { Api } from './routes.ts';

/** What the built page has wherever the nonce of its answer is to stand (Vite's `html.cspNonce`). */
const nonceMark = 'CSP_NONCE';

/**
 * What the console's page may do. What is recorded is hostile, so no script runs that is not one of the console's own files,
 * and no text becomes markup: Trusted Types refuse it, and nobody can make a policy that lets it pass. Styles may carry the
 * nonce, because dialogs put a style element of their own into the page to hold the scrolling behind them.
 */
function pagePolicy(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "connect-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
}

/** Serves the console as it was built into `folder`. The page itself holds nothing secret: whoever asks may have it. */
export async function addConsolePages(api: Api, folder: string): Promise<void> {
  await api.register(fastifyStatic, {
    root: join(folder, 'assets'),
    prefix: '/assets/',
    decorateReply: false,
    dotfiles: 'deny',
    index: false,
    preCompressed: true,
    // Vite puts a hash of the content into each file's name.
    immutable: true,
    maxAge: '365d',
  });
  const sendPage = (_request: FastifyRequest, reply: FastifyReply) => answerPage(folder, reply);
  api.get('/', { schema: { hide: true } }, sendPage);
  api.setNotFoundHandler((request, reply) => (isNavigation(request) ? sendPage(request, reply) : answerUnknownRoute(request, reply)));
}

async function answerPage(folder: string, reply: FastifyReply): Promise<FastifyReply> {
  const page = await readFile(join(folder, 'index.html'), 'utf8').catch(() => null);
  if (page === null)
    return sendProblem(
      reply,
      problem('NOT_FOUND', 'The console has not been built.', 'Build it by npm run build; the API works without it.'),
    );
  const nonce = randomBytes(16).toString('base64');
  return reply
    .headers({ 'content-security-policy': pagePolicy(nonce), 'cross-origin-opener-policy': 'same-origin' })
    .type('text/html; charset=utf-8')
    .send(page.replaceAll(nonceMark, nonce));
}

/** Whether a browser asks for a page: the console's own addresses (`/sessions/…`) are all the one page. */
function isNavigation({ method, url, headers }: FastifyRequest): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  return !/^\/(api|assets)(\/|\?|$)/.test(url) && /(^|[,\s])text\/html\b/i.test(headers.accept ?? '');
}
