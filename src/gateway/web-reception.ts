import { hash } from 'node:crypto';
import { admit } from '../core/admit.ts';
import { ChaperoneError, messageOf } from '../core/errors.ts';
import { createId } from '../core/identifier.ts';
import { mediate } from '../core/mediate.ts';
import type { WebProtocol } from '../core/protocol.ts';
import { noTimeouts } from '../core/stages.ts';
import { type Refusal, refuse } from '../core/verdict.ts';
import type { ConnectionSettings } from './configuration/connections.ts';
import { changedMeanwhile, closed, type House } from './reception.ts';
import { Undecided } from './undecided.ts';
import type { Claims } from './web-claims.ts';
import { WebSession } from './web-session.ts';

/** What refused sessions and challenges are counted and recorded under: a stranger must not learn what a connection speaks. */
const listenerName = 'web';

const withoutToken = refuse(
  'TOKEN_MISSING',
  'The request has no token where Chaperone reads one.',
  'Send it as Authorization: Bearer TOKEN, or as the password of Basic authentication with any user name; no other header or scheme is read.',
);

/** Who came by a request: what its socket says. */
export interface Comer {
  /** Without the port, which differs from socket to socket. */
  readonly ip: string;
  readonly port: number;
  /** Its connection, as the same object for all of its requests. */
  readonly socket: object;
}

interface Last {
  readonly token: string;
  readonly digest: string;
  readonly connection: string;
  readonly run: string | null;
  readonly session: WebSession | null;
}

/**
 * The sessions of the web listener. A session is a token on a connection for a run from one address, kept over as many requests
 * and sockets as it makes: what a socket is for a database, and one line of the record for what belongs together.
 */
export class WebReception {
  readonly #house: House;
  readonly #sessions = new Map<string, WebSession | Promise<WebSession | Refusal>>();

  /** What the last request on a socket led to: mostly the next one does, too. */
  readonly #lastOf = new WeakMap<object, Last>();

  constructor(house: House) {
    this.#house = house;
  }

  /** The session that a request belongs to, which is opened where there is none, or why there is none. */
  find(claims: Claims, comer: Comer): WebSession | Refusal | Promise<WebSession | Refusal> {
    const { credential, connection, run } = claims;
    if (credential.kind === 'none') {
      this.#house.counted(listenerName, 'challenged');
      return withoutToken;
    }
    const last = this.#lastOf.get(comer.socket);
    const isSame = last?.token === credential.token;
    if (isSame && last.session?.open === true && last.connection === connection && last.run === run) return last.session;
    // The token itself is not kept where its digest will do.
    const digest = isSame ? last.digest : hash('sha256', credential.token, 'base64');
    const key = `${digest} ${connection} ${run ?? ''} ${comer.ip}`;
    const known = this.#sessions.get(key);
    const session = known instanceof WebSession && known.open ? known : null;
    this.#lastOf.set(comer.socket, { token: credential.token, digest, connection, run, session });
    if (session !== null) return session;
    if (known instanceof Promise) return known;
    if (!this.#house.open()) return closed;
    const opened = this.#open(claims, comer, key).catch((fault: unknown) => this.#failed(fault));
    this.#sessions.set(key, opened);
    // Requests that come meanwhile wait for the same admission; a refusal is not kept, for it may be another one next time.
    void opened.then((found) => {
      if (this.#sessions.get(key) !== opened) return;
      if (found instanceof WebSession && found.open) this.#sessions.set(key, found);
      else this.#sessions.delete(key);
    });
    return opened;
  }

  /** Ends the sessions that nothing is running in, at once and from now on. */
  endIdle(): void {
    for (const session of this.#sessions.values())
      if (session instanceof WebSession) session.endWhenIdle();
      else void session.then((found) => found instanceof WebSession && found.endWhenIdle());
  }

  async #open({ credential, connection: name, run }: Claims, comer: Comer, key: string): Promise<WebSession | Refusal> {
    const house = this.#house;
    const connection = house.connections.get(name);
    const startedAt = house.now();
    const arrival = {
      id: createId(startedAt),
      credential,
      connection: name,
      run,
      protocol: listenerName,
      clientAddress: `${comer.ip}:${comer.port}`,
      startedAt,
    };
    const own = connection?.protocol.listener === 'web' ? { connection, protocol: connection.protocol } : null;
    const admitted = await admit(arrival, own?.connection.terms ?? null, house.stages);
    if (admitted.kind === 'refusal' || own === null) {
      house.counted(listenerName, 'refused');
      return admitted.kind === 'refusal' ? admitted : closed;
    }
    house.counted(own.protocol.name, 'admitted');
    return this.#begin(admitted.session, own.connection, own.protocol, key);
  }

  #begin(session: Parameters<typeof mediate>[0], connection: ConnectionSettings, protocol: WebProtocol<unknown>, key: string): WebSession {
    const { stages, dial, folderOf, sessions, connections, probed, log } = this.#house;
    const timeouts = connection.terms.timeouts ?? noTimeouts;
    const undecided = new Undecided();
    const target = { settings: connection.settings, dial, folder: folderOf(connection), timeouts, probed };
    sessions.add(session, connection.terms.outliveToken);
    if (connections.get(connection.terms.name) !== connection) session.stop(changedMeanwhile(connection.terms.name));
    const conversation = protocol.converse(session, target, (exchange) => undecided.note(mediate(session, exchange, stages)));
    const opened = new WebSession({
      session,
      conversation,
      undecided,
      idleMs: timeouts.idle,
      log,
      leaving: (left) => {
        if (this.#sessions.get(key) === left) this.#sessions.delete(key);
      },
      ended: () => sessions.remove(session.facts.id),
    });
    if (!this.#house.open()) opened.endWhenIdle();
    return opened;
  }

  #failed(fault: unknown): Refusal {
    this.#house.log(`a session could not be opened: ${messageOf(fault)}`);
    const code = fault instanceof ChaperoneError ? fault.code : 'INTERNAL';
    return refuse(code, 'Chaperone cannot open a session now.', 'Try again; if it stays so, tell whoever runs Chaperone.');
  }
}
