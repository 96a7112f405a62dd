import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mkdtemp, rm } from 'node:fs/promises';
import { type Issuer, startIssuer } from '../../test/rig/issuer.ts';
import type { Options } from '../options.ts';
import type { VariantName } from '../results.ts';
import { type Bouncer, bouncerProgram, startBouncer } from './bouncer.ts';
import { type Gate, type GateOptions, openGate } from './gate.ts';
import { startTarget, type Target } from './target.ts';

/** A way to the target, and how a client goes it. */
export interface Variant {
  readonly name: VariantName;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** The process between client and target; null for the direct way. */
  readonly pid: number | null;
  /** Null but for Chaperone's. */
  readonly gate: Gate | null;
}

/** What all stages stand on: one target, one issuer, a folder to work in. */
export interface Ground extends AsyncDisposable {
  readonly options: Options;
  readonly signal: AbortSignal;
  readonly target: Target;
  readonly issuer: Issuer;
  readonly folder: string;
  readonly say: (line: string) => void;
  /** A token of its own, good for longer than any run. */
  token(claims?: Readonly<Record<string, unknown>>): Promise<string>;
  /** Every way to the target, Chaperone and pgbouncer freshly started. */
  variants(gateOptions?: GateOptions): Promise<Variants>;
}

export interface Variants extends AsyncDisposable {
  readonly all: readonly Variant[];
  readonly gate: Gate;
}

const tokenSeconds = 12 * 3600;

export async function layGround(options: Options, signal: AbortSignal, say: (line: string) => void): Promise<Ground> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-bench-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const target = stack.use(await startTarget(2 * options.idleSessions + 200));
  const issuer = stack.use(await startIssuer());
  const token = (claims: Readonly<Record<string, unknown>> = {}) =>
    issuer.token({ exp: Math.floor(Date.now() / 1000) + tokenSeconds, ...claims });
  const program = bouncerProgram();
  if (program === null) say('pgbouncer is not installed: its column is skipped. Debian: apt-get install pgbouncer.');
  const variants = async (gateOptions: GateOptions = {}) => {
    await using own = new AsyncDisposableStack();
    const bouncer = program === null ? null : own.use(await startBouncer(program, target, options.idleSessions + 200));
    const gate = own.use(await openGate(target, issuer, gateOptions));
    const all = variantsOf(target, bouncer, gate, await token());
    const kept = own.move();
    return { all, gate, [Symbol.asyncDispose]: () => kept.disposeAsync() };
  };
  const kept = stack.move();
  return { options, signal, target, issuer, folder, say, token, variants, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

function variantsOf({ port, database, user, password }: Target, bouncer: Bouncer | null, gate: Gate, token: string): Variant[] {
  const chaperone = { port: gate.port, user: 'agent', password: token, pid: gate.pid, gate };
  return [
    { name: 'direct', port, database, user, password, pid: null, gate: null },
    ...(bouncer === null
      ? []
      : [{ name: 'pgbouncer', port: bouncer.port, database, user, password, pid: bouncer.pid, gate: null } as const]),
    { name: 'write', database: 'write', ...chaperone },
    { name: 'fsync', database: 'fsync', ...chaperone },
  ];
}

/** What libpq's programs read to go this way. */
export function environmentOf({ port, database, user, password }: Omit<Variant, 'name' | 'gate'>): NodeJS.ProcessEnv {
  const { PATH, LANG } = process.env;
  const way = { PGHOST: '127.0.0.1', PGPORT: String(port), PGDATABASE: database, PGUSER: user, PGPASSWORD: password, PGSSLMODE: 'disable' };
  return { ...(PATH && { PATH }), ...(LANG && { LANG }), PGGSSENCMODE: 'disable', ...way };
}

/** The list begun elsewhere in each round, so that no variant always follows the same one. */
export function rotated<Item>(items: readonly Item[], round: number): Item[] {
  const at = round % Math.max(items.length, 1);
  return [...items.slice(at), ...items.slice(0, at)];
}
