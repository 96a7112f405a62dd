import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CatalogReader, SessionItem } from '../archive/items.ts';
import type { RunReader } from '../archive/run-items.ts';
import { ChaperoneError } from '../core/errors.ts';
import type { Principal } from '../core/principal.ts';
import type { Credential } from '../core/stages.ts';
import type { Refusal } from '../core/verdict.ts';
import type { Approval } from '../stages/approvals/approval.ts';
import type { OpenDesk } from '../stages/approvals/index.ts';
import { type Access, accessOf, approvalViewer, maySee, type Roles, rolesOf, type Viewer, viewerOf } from './access.ts';
import type { ConsoleSessions, SignedIn } from './login/console-sessions.ts';
import { type Cookies, originOf } from './login/cookies.ts';
import { foreignRequest } from './login/same-site.ts';
import { noSuchApproval, noSuchRun, noSuchSession, type Problem, problem, sendProblem } from './problem.ts';

/** What the gate has found out about a request that it let through. */
interface Passed {
  readonly viewer: Viewer;
  /** The sign-in that a cookie speaks for; null where a token does. */
  readonly signedIn: SignedIn | null;
  session: SessionItem | null;
  approval: Approval | null;
  run: ViewedRun | null;
}

/** The run in a path, and whose it is. */
export interface ViewedRun {
  readonly id: string;
  readonly issuer: string;
  readonly subject: string;
}

const passed = new WeakMap<FastifyRequest, Passed>();

/** What is asked again while a long answer is given. */
const admitted = new WeakMap<FastifyRequest, () => boolean>();

/** What of the console's sign-ins a request is judged by. */
export interface SignIns {
  readonly sessions: ConsoleSessions;
  readonly cookies: Cookies;
  /** Whether the listener speaks TLS. */
  readonly secure: boolean;
}

export interface GateOptions {
  readonly signedIn: SignIns;
  readonly identify: (credential: Credential) => Promise<Principal | Refusal>;
  readonly roles: Roles;
  readonly catalog: CatalogReader;
  readonly runs: Pick<RunReader, 'runOwner'>;
  readonly approvals: Pick<OpenDesk, 'desk'>;
}

/** Before anything else is read of a request: who calls, and may this role call this route? */
export function admitViewer({ identify, roles, signedIn }: GateOptions) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    if (request.is404) return undefined;
    const access = accessOf(request.routeOptions.url);
    if (access === null) throw new ChaperoneError('INTERNAL', `the route ${request.routeOptions.url} does not say who may call it`);
    if (access === 'public' || access === 'page' || access === 'signed') return undefined;
    const found = request.headers.authorization === undefined ? findSignedIn(request, signedIn) : null;
    const foreign = found && foreignRequest(request, found, originOf(request, signedIn.secure));
    if (foreign !== null) return sendProblem(reply, foreign);
    const principal = found?.principal ?? (await identify(credentialOf(request.headers.authorization)));
    if ('kind' in principal) return sendProblem(reply, problem(principal.code, principal.message, principal.hint));
    const viewer = viewerOf(principal, roles);
    const unheld = lacking(access, request.method, viewer, roles);
    if (unheld !== null) return sendProblem(reply, unheld);
    admitted.set(request, () => stillHolds(request, principal, found, signedIn));
    passed.set(request, { viewer, signedIn: found, session: null, approval: null, run: null });
    return undefined;
  };
}

/** Null where the roles of whoever calls will do. */
function lacking(access: Access, method: string, { principal, visibility }: Viewer, roles: Roles): Problem | null {
  if (access === 'auditors-session') return rolesOf(principal, roles).includes('auditor') ? null : auditorsAlone();
  if (access !== 'auditor' && access !== 'admin-changes') return null;
  if (visibility !== 'all') return auditorsOnly();
  if (access === 'auditor' || method === 'GET' || method === 'HEAD') return null;
  if (!rolesOf(principal, roles).includes('admin')) return adminsOnly();
  return principal.agent === null ? null : personsOnly(principal.agent);
}

/** Whether whoever was let in would be let in now: the token has not ended, and neither has the sign-in. */
export function stillAdmitted(request: FastifyRequest): boolean {
  return admitted.get(request)?.() ?? false;
}

function stillHolds(request: FastifyRequest, { token }: Principal, found: SignedIn | null, { sessions, cookies }: SignIns): boolean {
  if (found === null) return Date.now() < token.expiresAt;
  return sessions.holds(cookies.read(request, 'console') ?? '');
}

/** A token goes before a cookie: whoever sends one means it. */
function findSignedIn(request: FastifyRequest, { sessions, cookies }: SignIns): SignedIn | null {
  const secret = cookies.read(request, 'console');
  return secret === undefined ? null : sessions.find(secret);
}

/** Once the parameters are valid: is the session in the path one that this viewer may see? */
export function admitToSession({ catalog }: GateOptions) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const access = accessOf(request.routeOptions.url);
    if (request.is404 || (access !== 'own-session' && access !== 'auditors-session')) return undefined;
    const passage = passageOf(request);
    // The route's schema holds that there is an `id` and that it is a string.
    const session = catalog.session((request.params as { id: string }).id);
    if (session === null || !maySee(passage.viewer, session)) return sendProblem(reply, noSuchSession());
    passage.session = session;
    return undefined;
  };
}

/** The same of the approval in the path. */
export function admitToApproval({ approvals }: GateOptions) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    if (request.is404 || accessOf(request.routeOptions.url) !== 'own-approval') return undefined;
    const passage = passageOf(request);
    // The route's schema holds that there is an `id` and that it is a string.
    const approval = approvals.desk.one((request.params as { id: string }).id, approvalViewer(passage.viewer));
    if (approval === null) return sendProblem(reply, noSuchApproval());
    passage.approval = approval;
    return undefined;
  };
}

/** The same of the run in the path. */
export function admitToRun({ runs }: GateOptions) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    if (request.is404 || accessOf(request.routeOptions.url) !== 'own-run') return undefined;
    const passage = passageOf(request);
    // The route's schema holds that there is an `id` and that it is a string.
    const { id } = request.params as { id: string };
    const owner = runs.runOwner(id);
    const { visibility } = passage.viewer;
    const isSeen = owner !== null && (visibility === 'all' || (visibility.issuer === owner.issuer && visibility.subject === owner.subject));
    if (!isSeen) return sendProblem(reply, noSuchRun());
    passage.run = { id, ...owner };
    return undefined;
  };
}

/** Who calls; throws on a public route, where nobody was asked. */
export function viewing(request: FastifyRequest): Viewer {
  return passageOf(request).viewer;
}

/** The sign-in that a cookie speaks for; null where a token does. */
export function signedInBy(request: FastifyRequest): SignedIn | null {
  return passageOf(request).signedIn;
}

/** The session in the path, which the gate has let this viewer see. */
export function viewedSession(request: FastifyRequest): SessionItem {
  const { session } = passageOf(request);
  if (session === null) throw new ChaperoneError('INTERNAL', 'the gate was not asked about this session');
  return session;
}

/** The approval in the path, which the gate has let this viewer see. */
export function viewedApproval(request: FastifyRequest): Approval {
  const { approval } = passageOf(request);
  if (approval === null) throw new ChaperoneError('INTERNAL', 'the gate was not asked about this approval');
  return approval;
}

/** The run in the path, which the gate has let this viewer see. */
export function viewedRun(request: FastifyRequest): ViewedRun {
  const { run } = passageOf(request);
  if (run === null) throw new ChaperoneError('INTERNAL', 'the gate was not asked about this run');
  return run;
}

function passageOf(request: FastifyRequest): Passed {
  const passage = passed.get(request);
  if (passage === undefined) throw new ChaperoneError('INTERNAL', 'this request did not pass the gate');
  return passage;
}

/** RFC 6750 section 2.1; the scheme is case-insensitive (RFC 9110 section 11.1). */
function credentialOf(header: string | undefined): Credential {
  const token = header === undefined ? undefined : /^bearer +([\x21-\x7e]+) *$/i.exec(header)?.[1];
  return token === undefined ? { kind: 'none' } : { kind: 'token', token };
}

function adminsOnly() {
  return problem(
    'ACCESS_REFUSED',
    'This is for the console role admin only.',
    'Ask for a group that the configuration lists under roles.admin.',
  );
}

/** What agents may reach is not theirs to change. */
function personsOnly(agent: string) {
  return problem(
    'ACCESS_REFUSED',
    `This is for persons, and the agent "${agent}" acts by this token.`,
    'Ask the person for whom you work; they do it in the console.',
  );
}

function auditorsAlone() {
  return problem(
    'ACCESS_REFUSED',
    'This is for the console role auditor only.',
    'Ask for a group that the configuration lists under roles.auditor.',
  );
}

function auditorsOnly() {
  return problem(
    'ACCESS_REFUSED',
    'This is for the console roles admin and auditor only.',
    'Ask for a group that the configuration lists under roles.admin or roles.auditor.',
  );
}
