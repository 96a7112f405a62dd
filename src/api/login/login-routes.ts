import type { FastifyReply, FastifyRequest } from 'fastify';
import { ChaperoneError, type ErrorCode } from '../../core/errors.ts';
import type { Principal } from '../../core/principal.ts';
import type { Credential } from '../../core/stages.ts';
import { type Refusal, refuse } from '../../core/verdict.ts';
import { rolesOf } from '../access.ts';
import * as contract from '../contract.ts';
import { signedInBy, viewing, type GateOptions } from '../gate.ts';
import type { GatewayPort } from '../gateway-port.ts';
import type { ApiLog } from '../log.ts';
import { problem, sendProblem } from '../problem.ts';
import type { Api } from '../routes.ts';
import { personOf, recordDeed } from '../trail.ts';
import { idleMs } from './console-sessions.ts';
import { originOf } from './cookies.ts';
import { IdTokens } from './id-tokens.ts';
import type { IssuerLogin } from './issuer-login.ts';
import { createTickets, type LoginTicket, ticketSeconds, type Tickets } from './login-ticket.ts';

export interface LoginSources extends Pick<GateOptions, 'signedIn' | 'roles'> {
  readonly gateway: GatewayPort;
  readonly log: ApiLog;
  /** The issuers where people may sign in. */
  readonly issuers: readonly IssuerLogin[];
  /** Judges the ID token of a sign-in. */
  readonly identifyPerson: (credential: Credential) => Promise<Principal | Refusal>;
  /** The console as people reach it, where the configuration says so. */
  readonly url: string | null;
}

const startAnew = 'Sign in again.';
const callbackPath = '/api/v1/login/callback';

export function addLoginRoutes(api: Api, sources: LoginSources): void {
  const [tickets, tokens] = [createTickets(), new IdTokens()];
  addBeginning(api, sources, tickets);
  addCallback(api, sources, tickets, tokens);
  addSelf(api, sources);
  addLogout(api, sources, tokens);
}

function addBeginning(api: Api, { issuers, signedIn, url }: LoginSources, tickets: Tickets): void {
  api.get(
    '/api/v1/login/issuers',
    {
      schema: {
        summary: 'Where people can sign in to the console',
        querystring: contract.noQuery,
        response: { 200: contract.loginIssuers },
      },
    },
    async () => ({ items: issuers.map(({ issuer }) => ({ issuer })) }),
  );
  api.get(
    '/api/v1/login',
    { schema: { summary: 'Begins a sign-in: leads to the issuer', querystring: contract.loginQuery } },
    async (request, reply) => {
      const { issuer, return: back } = request.query;
      const known = issuer === undefined ? issuers[0] : issuers.find((one) => one.issuer === issuer);
      if (known === undefined) return sendProblem(reply, noSuchIssuer());
      const origin = originOf(request, signedIn.secure);
      // The cookie that is set here must be sent where the issuer leads back to.
      if (url !== null && new URL(url).origin !== origin) return reply.redirect(new URL(request.url, url).href, 302);
      const { location, secrets } = await known.begin(origin + callbackPath);
      const sealed = await tickets.seal({ ...secrets, issuer: known.issuer, back: wayBack(back, origin) });
      signedIn.cookies.set(request, reply, 'login', sealed, ticketSeconds);
      return reply.redirect(location, 302);
    },
  );
}

function addCallback(api: Api, sources: LoginSources, tickets: Tickets, tokens: IdTokens): void {
  const { signedIn, issuers, gateway } = sources;
  const recordRefused = createRefusedTrail(gateway);
  api.get(
    callbackPath,
    { schema: { summary: 'Ends a sign-in: the issuer leads here', querystring: contract.callbackQuery } },
    async (request, reply) => {
      const ticket = await tickets.open(signedIn.cookies.read(request, 'login'));
      signedIn.cookies.clear(request, reply, 'login');
      const issuer = issuers.find((one) => one.issuer === ticket?.issuer);
      if (ticket === null || issuer === undefined) return leadToSignIn(reply, 'REQUEST_INVALID', '/');
      const proven = await provenPerson(request, issuer, ticket, sources);
      if ('kind' in proven) {
        await recordRefused(ticket, proven);
        return leadToSignIn(reply, proven.code, ticket.back);
      }
      const { person, token } = proven;
      await recordDeed(gateway, personOf(person), 'login.succeeded', { groups: [...person.groups], address: request.ip });
      const before = signedIn.cookies.read(request, 'console');
      if (before !== undefined) signedIn.sessions.end(before);
      const secret = signedIn.sessions.open(person);
      tokens.keep(secret, token);
      signedIn.cookies.set(request, reply, 'console', secret);
      return reply.redirect(ticket.back, 303);
    },
  );
}

function addSelf(api: Api, { roles }: LoginSources): void {
  api.get(
    '/api/v1/me',
    { schema: { summary: 'Who calls', querystring: contract.noQuery, response: { 200: contract.me } } },
    async (request) => {
      const { principal, visibility } = viewing(request);
      const { subject, issuer, email, groups, agent } = principal;
      const found = signedInBy(request);
      const signIn = found && { csrf: found.csrf, endsAt: new Date(found.endsAt).toISOString(), idleMs };
      const sees = visibility === 'all' ? ('all' as const) : ('own' as const);
      return { principal: { subject, issuer, email, groups, agent }, roles: rolesOf(principal, roles), sees, signIn };
    },
  );
}

function addLogout(api: Api, { gateway, signedIn, issuers, url }: LoginSources, tokens: IdTokens): void {
  api.post(
    '/api/v1/logout',
    {
      schema: {
        summary: 'Ends the console’s sign-in, and says where the issuer’s is ended where that is wanted',
        querystring: contract.noQuery,
        body: contract.nothing,
        response: { 200: contract.loggedOut, 204: contract.noMore },
      },
    },
    async (request, reply) => {
      const secret = signedIn.cookies.read(request, 'console');
      if (signedInBy(request) === null || secret === undefined)
        return sendProblem(
          reply,
          problem('REQUEST_INVALID', 'No cookie speaks for this request, so there is nothing to end.', 'Throw the token away.'),
        );
      signedIn.sessions.end(secret);
      signedIn.cookies.clear(request, reply, 'console');
      const { principal } = viewing(request);
      await recordDeed(gateway, personOf(principal), 'login.ended', {});
      const back = new URL('/sign-in', url ?? originOf(request, signedIn.secure)).href;
      const issuer = issuers.find((one) => one.issuer === principal.issuer);
      const location = (await issuer?.leave(tokens.take(secret), back)) ?? null;
      return location === null ? reply.code(204).send(null) : { location };
    },
  );
}

/** Whom the issuer's answer proves, or why it proves nobody. */
async function provenPerson(
  request: FastifyRequest,
  issuer: IssuerLogin,
  ticket: LoginTicket,
  { identifyPerson, signedIn, log }: LoginSources,
): Promise<{ readonly person: Principal; readonly token: string } | Refusal> {
  try {
    const token = await issuer.finish(new URL(request.url, originOf(request, signedIn.secure)), ticket);
    const person = await identifyPerson({ kind: 'token', token });
    if ('kind' in person) return person;
    if (person.agent === null) return { person, token };
    return refuse('ACCESS_REFUSED', `The ID token names an agent (${person.agent}), and the console is for people.`, startAnew);
  } catch (fault) {
    if (!(fault instanceof ChaperoneError)) throw fault;
    log.info({ issuer: ticket.issuer, code: fault.code, fault: fault.message }, 'a sign-in failed');
    return refuse(fault.code, fault.message, startAnew);
  }
}

/** At most so many refused sign-ins go on the trail in a minute, and the next one says how many did not: anybody can fail. */
const mostRefused = 100;

function createRefusedTrail(gateway: GatewayPort) {
  let [since, recorded, left] = [0, 0, 0];
  return async ({ issuer }: LoginTicket, { code, message, detail }: Refusal): Promise<void> => {
    const at = performance.now();
    if (at - since > 60_000) [since, recorded] = [at, 0];
    if (recorded >= mostRefused) {
      left += 1;
      return;
    }
    recorded += 1;
    const unrecorded = left;
    left = 0;
    await recordDeed(gateway, `somebody (${issuer})`, 'login.refused', { code, message, detail, unrecorded });
  };
}

/** The code alone: whatever else stood in the address could be anybody's words. */
function leadToSignIn(reply: FastifyReply, code: ErrorCode, back: string): FastifyReply {
  return reply.redirect(`/sign-in?${new URLSearchParams({ problem: code, return: back }).toString()}`, 303);
}

/** A page of the console to go back to, and never another site's. */
function wayBack(given: string | undefined, origin: string): string {
  const url = given === undefined || !/^\/(?![/\\])/.test(given) ? null : URL.parse(given, origin);
  if (url === null || url.origin !== origin || url.pathname.startsWith('/api/') || url.pathname.startsWith('//')) return '/';
  return url.pathname + url.search + url.hash;
}

function noSuchIssuer() {
  return problem(
    'NOT_FOUND',
    'Nobody can sign in there.',
    'The issuers are listed at /api/v1/login/issuers; whoever runs Chaperone adds login to one under identity.issuers.',
  );
}
