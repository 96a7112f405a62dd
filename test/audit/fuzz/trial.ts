import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Direction, Entry } from '../../../src/core/entry.ts';
import type { Principal } from '../../../src/core/principal.ts';
import type { Stages } from '../../../src/core/stages.ts';
import { refuse } from '../../../src/core/verdict.ts';
import { type House, receive } from '../../../src/gateway/reception.ts';
import { OpenSessions } from '../../../src/gateway/sessions.ts';
import { Catalog, catalogs } from '../../../src/protocols/postgres/catalog.ts';
import { protocol } from '../../../src/protocols/postgres/index.ts';
import { encodeMessage } from '../../../src/protocols/postgres/messages.ts';
import { settings } from '../../../src/protocols/postgres/settings.ts';
import { encodeStartup } from '../../../src/protocols/postgres/startup.ts';
import { everybody } from '../../rig/data-plane.ts';
import { splitStatements } from '../../../src/sql/split.ts';
import { words } from './grammar.ts';
import { isCancel, type KeptRecord, MemoryRecorder } from './memory-recorder.ts';
import { MemorySocket } from './memory-socket.ts';
import { masking, SampleCatalog } from './secrets.ts';

/** A target's way to the gateway. */
export interface Line {
  readonly say: (bytes: Buffer) => void;
  readonly leave: () => void;
}

/** What a client says, and how a target answers. */
export interface Scene {
  /** Behind the password, in the chunks it comes in. */
  readonly client: readonly Buffer[];
  /** Made for the session; what it gets sends to the gateway and closes the connection. */
  readonly target: (toGateway: Line) => { hear(bytes: Buffer): void };
  /** The entry from which on nothing can be recorded. */
  readonly recorderFailsAt?: number;
  /** In place of the start-up message and the password. */
  readonly opening?: Buffer;
  /** Sends a chunk only once all is quiet, where it is false; else the chunks follow one another. */
  readonly ahead: boolean;
  /** Whether the session's data is masked. */
  readonly masked?: boolean;
}

/** All that one session came to. */
export interface Played {
  /** Null where nobody was admitted. */
  readonly record: KeptRecord | null;
  /** What the gateway sent to either side. */
  readonly sent: { readonly client: Buffer; readonly target: Buffer; readonly cancels: readonly Buffer[] };
  /** What the target said. */
  readonly said: Buffer;
  /** Whether the session was over before the client left. */
  readonly overByItself: boolean;
  /** Whether the session went on after the client had left, and ended only with the connection. */
  readonly outlivesClient: boolean;
  readonly log: readonly string[];
}

/** More turns than any session needs once nothing comes any more: what takes longer hangs. */
const patience = 3_000;
const quietTurns = 6;

const token = 'token';
const principal: Principal = {
  subject: 'dana',
  issuer: 'https://issuer.test',
  email: null,
  groups: ['engineering'],
  agent: null,
  actors: [],
  token: {
    issuer: 'https://issuer.test',
    subject: 'dana',
    jti: null,
    sha256: createHash('sha256').update(token).digest('hex'),
    expiresAt: Date.now() + 86_400_000,
  },
};
export const refusal = refuse('ACCESS_REFUSED', 'The fuzz does not permit this.', 'Leave the word out.');
const terms = {
  name: 'orders',
  protocol: 'postgres',
  recording: { durability: 'write', onFailure: 'stop', contentLimit: 64 * 1024 * 1024 },
  retentionDays: 1,
  outliveToken: true,
} as const;
const connection = {
  terms,
  protocol,
  folder: 'orders',
  settings: settings.parse({ target: { host: '127.0.0.1', port: 1, database: 'shop', tls: 'off' }, credentials: { user: 'shop_app' } }),
};
catalogs.set(connection.settings, new Catalog('never'));
const maskedConnection = { ...connection, settings: { ...connection.settings } };
catalogs.set(maskedConnection.settings, new SampleCatalog());
export const usualOpening = Buffer.concat([
  encodeStartup('anybody', 'orders', new Map([['application_name', 'fuzz']])),
  encodeMessage('p', Buffer.from(`${token}\0`)),
]);

/** Loading it takes longer than the quiet after which a session is over. */
const parserLoaded = Promise.resolve(splitStatements('select 1; select 2'));

/** Takes one client through the gateway's own reception, over memory instead of sockets. */
export async function play(scene: Scene): Promise<Played> {
  await parserLoaded;
  const recorder = new MemoryRecorder(scene.recorderFailsAt);
  const log: string[] = [];
  const [toClient, toTarget, said]: Buffer[][] = [[], [], []];
  let moves = 0;
  const near = new MemorySocket((bytes) => {
    moves += 1;
    toClient?.push(Buffer.from(bytes));
  });
  let dialled = 0;
  const cancels: Buffer[] = [];
  const dial = () => {
    dialled += 1;
    if (dialled > 1) {
      const cancel: MemorySocket = new MemorySocket((bytes) => void cancels.push(Buffer.from(bytes)));
      return Promise.resolve(cancel.asSocket());
    }
    const say = (bytes: Buffer) => {
      moves += 1;
      if (!far.isOver) said?.push(bytes);
      far.say(bytes);
    };
    const target = scene.target({ say, leave: () => far.leave() });
    const far: MemorySocket = new MemorySocket((bytes) => {
      moves += 1;
      toTarget?.push(Buffer.from(bytes));
      target.hear(bytes);
    });
    return Promise.resolve(far.asSocket());
  };
  const session = { over: false };
  const house = houseOf(recorder, dial, log, scene.masked === true);
  const received = receive({ socket: near.asSocket(), address: 'fuzz', tls: null, plaintext: true }, protocol, house).then(() => {
    session.over = true;
  });
  const quiet = async () => {
    for (let still = 0, last = moves, turns = 0; still < quietTurns && turns < patience && !session.over; turns += 1) {
      await turn();
      still = moves === last ? still + 1 : 0;
      last = moves;
    }
  };
  near.say(scene.opening ?? usualOpening);
  if (!scene.ahead) await quiet();
  for (const chunk of scene.client) {
    near.say(chunk);
    if (!scene.ahead) await quiet();
  }
  await quiet();
  const overByItself = session.over;
  const untilOver = async () => {
    for (let turns = 0; !session.over && turns < patience; turns += 1) await turn();
    return session.over;
  };
  near.leave();
  const outlivesClient = !(await untilOver());
  near.destroy();
  assert.ok(await untilOver(), 'the session does not end though its client has vanished');
  await received;
  const sent = { client: Buffer.concat(toClient ?? []), target: Buffer.concat(toTarget ?? []), cancels };
  return {
    record: recorder.sessions[0] ?? null,
    sent,
    said: Buffer.concat(said ?? []),
    overByItself,
    outlivesClient,
    log,
  };
}

function houseOf(recorder: MemoryRecorder, dial: House['dial'], log: string[], isMasked: boolean): House {
  const now = Date.now;
  const stages: Stages = {
    identify: () => Promise.resolve(principal),
    judge: (_circumstance, { name, text }) => {
      if (name === 'unmask') return refusal;
      const verdict = text.includes(words.refused) ? refusal : everybody;
      return text.includes(words.later) ? turn().then(() => verdict) : verdict;
    },
    ask: () => Promise.reject(new Error('nobody is there to be asked')),
    masking: isMasked ? masking : null,
    recorder,
  };
  return {
    stages,
    connections: new Map([['orders', isMasked ? maskedConnection : connection]]),
    sessions: new OpenSessions(now),
    dial,
    folderOf: ({ folder }) => `/nowhere/${folder}`,
    now,
    log: (line) => log.push(line),
    open: () => true,
    counted: () => {},
  };
}

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export function endOf(entries: readonly Entry[]): string {
  const end = entries.at(-1);
  return end?.kind === 'end' ? end.end.reason : '';
}

/** What is on record of the session's own connection, in one direction. */
export function bytesOf({ entries }: KeptRecord, direction: Direction): Buffer {
  const own = (entry: Entry) => entry.kind === 'bytes' && entry.direction === direction && !isCancel(entry.bytes);
  return Buffer.concat(entries.flatMap((entry) => (own(entry) && 'bytes' in entry ? [entry.bytes] : [])));
}
