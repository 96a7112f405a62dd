import { createSecretKey } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Entry } from '../../src/core/entry.ts';
import { createId } from '../../src/core/identifier.ts';
import type { Protocol } from '../../src/core/protocol.ts';
import type { Recorder, RecordingTerms } from '../../src/core/recorder.ts';
import type { Session } from '../../src/core/session.ts';
import { noTimeouts, type Stages, type Timeouts } from '../../src/core/stages.ts';
import { type Permit, permit, refuse } from '../../src/core/verdict.ts';
import type { Certificate } from '../../src/gateway/certificate.ts';
import { type Listener, openListener } from '../../src/gateway/listener.ts';
import type { House } from '../../src/gateway/reception.ts';
import type { Principal } from '../../src/core/principal.ts';
import { probe, type ProbeReport } from '../../src/gateway/probe/probe.ts';
import { OpenSessions } from '../../src/gateway/sessions.ts';
import { openWebListener, type WebListener } from '../../src/gateway/web-listener.ts';
import { createIdentity } from '../../src/stages/identity/identity.ts';
import { identitySchema } from '../../src/stages/identity/settings.ts';
import { createMasking } from '../../src/stages/masking/index.ts';
import { maskingSchema } from '../../src/stages/masking/settings.ts';
import { createOriginals } from '../../src/stages/originals/index.ts';
import { openJournal } from '../../src/stages/recording/journal.ts';
import { readJournal } from '../../src/stages/recording/testing.ts';
import { dial } from '../../src/wire/dial.ts';
import { type Issuer, startIssuer, type TokenClaims } from './issuer.ts';

export interface DataPlaneOptions<Settings> {
  readonly protocol: Protocol<Settings>;
  /** A connection's `target` and `credentials`, already read by the protocol's schema. */
  readonly settings: Settings;
  /** Default: everything is permitted. */
  readonly judge?: Stages['judge'];
  /** Default: nobody is known to only read. */
  readonly mayOnlyRead?: boolean;
  /** Default: a fault. */
  readonly ask?: Stages['ask'];
  /** The section `masking`; where it is given nobody may unmask. Default: nothing is masked. */
  readonly masking?: object;
  readonly recording?: Partial<RecordingTerms>;
  /** Default: none. */
  readonly timeouts?: Partial<Timeouts>;
  /** Puts something between the flow and the journal. */
  readonly recorder?: (journal: Recorder) => Recorder;
  /** Null: the listener speaks plaintext. */
  readonly certificate?: Certificate | null;
  readonly insecureLoopback?: boolean;
  readonly now?: () => number;
}

/** The data plane in this process: a real listener, identity and journal; policy and approvals as the test wants them. */
export interface DataPlane extends AsyncDisposable {
  readonly port: number;
  /** The one connection's name. */
  readonly connection: string;
  readonly journal: string;
  readonly sessions: OpenSessions;
  /** Sessions in the order they were opened. */
  readonly opened: readonly Session[];
  /** What the gateway logged. */
  readonly log: readonly string[];
  token(claims?: TokenClaims): Promise<string>;
  /** Tries its connection, or another target. */
  probe(settings?: unknown): Promise<ProbeReport>;
  /** Everything in the journal but its audit entries, in order. */
  entries(): Entry[];
  /** Waits until no session is open, and then reads them. */
  settled(): Promise<Entry[]>;
  close(): Promise<void>;
}

const nobody = refuse('ACCESS_REFUSED', 'Nobody may unmask.', 'Do without.');
export const everybody: Permit = permit({ policies: ['everybody'], version: 'test' });
const usualTerms: RecordingTerms = { durability: 'write', onFailure: 'stop', contentLimit: 64 * 1024 * 1024 };
const connection = 'orders';

export async function startDataPlane<Settings>(options: DataPlaneOptions<Settings>): Promise<DataPlane> {
  const state = mkdtempSync(join(tmpdir(), 'chaperone-plane-'));
  const folder = join(state, 'journal');
  const log: string[] = [];
  const issuer = await startIssuer();
  const now = options.now ?? Date.now;
  const journal = await openJournal({ folder, now, log: (line) => log.push(line), gatewayId: createId(), reserveBytes: 64 * 1024 });
  const sessions = new RememberedSessions(now);
  const own = connectionOf(options);
  const house: House = {
    stages: stagesOf(options, issuer, options.recorder?.(journal) ?? journal, now, log),
    connections: new Map([[connection, own]]),
    sessions,
    dial: (host, port, signal, reading) => dial(host, port, signal, [], reading),
    folderOf: ({ folder }) => join(state, 'targets', folder),
    now,
    log: (line) => log.push(line),
    open: () => true,
    counted: () => {},
  };
  const listener = await listen(options, house);
  const entries = () => readJournal(folder).filter(({ kind }) => kind !== 'audit');
  const close = async () => {
    listener.close();
    sessions.stopAll('The test is over.');
    await sessions.empty();
    await journal.close();
    await issuer.stop();
    rmSync(state, { recursive: true, force: true });
  };
  return {
    port: listener.port,
    connection,
    journal: folder,
    sessions,
    opened: sessions.opened,
    log,
    token: (claims) => issuer.token(claims),
    probe: (settings) => probe({ ...own, ...(settings === undefined ? {} : { settings }) }, tester(now()), house, () => {}),
    entries,
    settled: async () => {
      listener.endIdle?.();
      await sessions.empty();
      return entries();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Whoever tries connections. */
function tester(now: number): Principal {
  const [issuer, subject] = ['https://login.example.test', 'amy'];
  const token = { issuer, subject, jti: null, sha256: '00'.repeat(32), expiresAt: now + 3_600_000 };
  return { subject, issuer, email: null, groups: [], agent: null, actors: [], token };
}

function listen<Settings>(
  { protocol, certificate = null, insecureLoopback = true }: DataPlaneOptions<Settings>,
  house: House,
): Promise<Listener & Partial<WebListener>> {
  const free = { host: '127.0.0.1', port: 0 };
  if (protocol.listener === 'web') return openWebListener(free, certificate, house);
  return openListener(protocol, free, { certificate, insecureLoopback }, house);
}

class RememberedSessions extends OpenSessions {
  readonly opened: Session[] = [];
  override add(session: Session, outliveToken: boolean): void {
    this.opened.push(session);
    super.add(session, outliveToken);
  }
}

function stagesOf<Settings>(
  options: DataPlaneOptions<Settings>,
  issuer: Issuer,
  recorder: Recorder,
  now: () => number,
  log: string[],
): Stages {
  const settings = identitySchema.parse({ issuers: [{ issuer: issuer.url, audience: issuer.audience }] });
  const identity = createIdentity(settings, { now, log: (line) => log.push(line) });
  const { judge, ask } = options;
  const masking = options.masking ? maskingSchema.parse(options.masking) : null;
  return {
    identify: (credential) => identity.identify(credential),
    judge: (circumstance, action) => {
      if (action.name === 'unmask') return nobody;
      return judge === undefined || action.name === 'connect' ? everybody : judge(circumstance, action);
    },
    masking: masking && createMasking(masking, createSecretKey(Buffer.alloc(32, 7))),
    originals: masking?.originals ? createOriginals(masking.originals.recipients) : null,
    mayOnlyRead: () => options.mayOnlyRead ?? false,
    ask: ask ?? (() => Promise.reject(new Error('nobody is there to be asked'))),
    recorder,
  };
}

function connectionOf<Settings>(options: DataPlaneOptions<Settings>) {
  const { protocol, settings } = options;
  const recording = { ...usualTerms, ...options.recording };
  const timeouts = { ...noTimeouts, ...options.timeouts };
  const terms = { name: connection, protocol: protocol.name, recording, retentionDays: 1, outliveToken: false, timeouts };
  return { terms, protocol, settings, folder: terms.name };
}
