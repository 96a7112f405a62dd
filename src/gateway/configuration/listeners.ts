import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { messageOf } from '../../core/errors.ts';
import type { Protocol } from '../../core/protocol.ts';
import { Secret } from '../../core/secret.ts';
import { isLoopback } from '../../wire/loopback.ts';
import { leadsTo, type ListenAddress } from './address.ts';
import { check } from './issues.ts';
import type { Report } from './problem.ts';
import { listenSchema, type TlsSettings } from './sections.ts';

export interface ListenerTls {
  readonly certPem: string;
  readonly keyPem: Secret;
}

/** Where a protocol's socket listener listens. */
export interface SocketListen extends ListenAddress {
  /** The folder, absolute, where the gateways meet that listen there together; absent where this one is alone. */
  readonly shared?: string;
}

/** Where the gateway listens, and how it proves itself there. */
export interface Listeners {
  /** Null where there is no console. */
  readonly console: ListenAddress | null;
  /** Where all web protocols' connections are reached; null where there is no such listener. */
  readonly web: ListenAddress | null;
  /** By the protocol's name. */
  readonly sockets: ReadonlyMap<string, SocketListen>;
  /** Null where the listeners have no certificate, which only `insecureLoopback` allows. */
  readonly tls: ListenerTls | 'self-signed' | null;
  /** Listeners, issuers and targets on loopback may go without TLS; every listener is on loopback then. */
  readonly insecureLoopback: boolean;
}

/** The key below `listen` by which a protocol's clients come. */
export function listenerOf({ name, listener }: Protocol<unknown>): string {
  return listener === 'web' ? listener : name;
}

/** The line that is missing where nothing listens for a protocol. */
export function missingLine(protocol: Protocol<unknown>): string {
  return `listen.${listenerOf(protocol)}: { address: 127.0.0.1:PORT }`;
}

interface Surroundings {
  readonly folder: string;
  readonly protocols: ReadonlyMap<string, Protocol<unknown>>;
  readonly report: Report;
}

/** Checks the section `listen`, and what `demonstration` demands of it. Null where it has a mistake of its own. */
export function checkListeners(value: { readonly [key: string]: unknown }, around: Surroundings): Listeners | null {
  const { folder, protocols, report } = around;
  const section = check(listenSchema(protocols), value['listen'], ['listen'], report);
  if (section === null) return null;
  const { console, web, tls, ...rest } = section;
  const entries = Object.entries<SocketSection | undefined>(rest);
  const sockets = new Map(entries.flatMap(([name, entry]) => (entry ? [[name, socketOf(entry, folder)] as const] : [])));
  const all = new Map([
    ...(console ? [['console', console.address] as const] : []),
    ...(web ? [['web', web.address] as const] : []),
    ...sockets,
  ]);
  if (all.size === 0) report(['listen'], 'nothing listens', 'Add listen.console, listen.web, or a listener named after a protocol.');
  checkDistinct(all, report);
  checkShared(sockets, report);
  checkReach(all, tls, value['demonstration'] === true, report);
  const identity = tls ? readTls(tls, folder, report) : withoutTls(report);
  if (identity === undefined) return null;
  return {
    console: console?.address ?? null,
    web: web?.address ?? null,
    sockets,
    tls: identity,
    insecureLoopback: tls?.insecureLoopback === true,
  };
}

interface SocketSection {
  readonly address: ListenAddress;
  readonly shared?: string | undefined;
}

function socketOf({ address, shared }: SocketSection, folder: string): SocketListen {
  return { ...address, ...(shared === undefined ? {} : { shared: resolve(folder, shared) }) };
}

function checkShared(sockets: ReadonlyMap<string, SocketListen>, report: Report): void {
  for (const [name, { port, shared }] of sockets)
    if (shared !== undefined && port === 0)
      report(['listen', name, 'shared'], `listen.${name} is shared and has no port`, 'Name the port that all of them listen on.');
}

function checkDistinct(all: ReadonlyMap<string, ListenAddress>, report: Report): void {
  const seen: [string, ListenAddress][] = [];
  for (const [name, address] of all) {
    const twin = seen.find(([, other]) => leadsTo(address, other) || leadsTo(other, address));
    if (twin)
      report(
        ['listen', name, 'address'],
        `listen.${name}.address is the one of listen.${twin[0]}`,
        'Give each listener a port of its own.',
      );
    seen.push([name, address]);
  }
}

function checkReach(all: ReadonlyMap<string, ListenAddress>, tls: TlsSettings | undefined, demonstration: boolean, report: Report): void {
  for (const [name, { host }] of all) {
    if (isLoopback(host)) continue;
    const place = ['listen', name, 'address'];
    if (demonstration)
      report(
        place,
        `listen.${name}.address: a demonstration listens on loopback alone`,
        'Listen on 127.0.0.1, or remove demonstration: true and its sample identities.',
      );
    if (tls?.insecureLoopback)
      report(
        place,
        `listen.${name}.address is not on loopback, and listen.tls.insecureLoopback is for loopback alone`,
        'Listen on 127.0.0.1, or give listen.tls a cert and a key instead.',
      );
  }
}

function withoutTls(report: Report): undefined {
  report(
    ['listen'],
    'listen.tls is missing',
    'Add tls: { cert: PATH, key: PATH }, or { selfSigned: true }, or on loopback { insecureLoopback: true }.',
  );
}

/** Undefined where a mistake has been reported. */
function readTls(settings: TlsSettings, folder: string, report: Report): ListenerTls | 'self-signed' | null | undefined {
  const { cert, key, selfSigned } = settings;
  const place = ['listen', 'tls'];
  const mistake = tlsMistake(settings);
  if (mistake) {
    report(place, ...mistake);
    return undefined;
  }
  if (selfSigned) return 'self-signed';
  if (cert === undefined || key === undefined) return null;
  const certPem = readPem(resolve(folder, cert), [...place, 'cert'], report);
  const keyPem = readPem(resolve(folder, key), [...place, 'key'], report);
  if (certPem === null || keyPem === null) return undefined;
  try {
    createSecureContext({ cert: certPem, key: keyPem });
  } catch (fault) {
    const remedy = 'Name a PEM certificate chain and the unencrypted key that belongs to it.';
    report(place, `listen.tls: cert and key cannot be used (${messageOf(fault)})`, remedy);
    return undefined;
  }
  return { certPem, keyPem: new Secret(keyPem) };
}

function tlsMistake({ cert, key, selfSigned, insecureLoopback }: TlsSettings): readonly [message: string, remedy: string] | null {
  const given = [cert, key].filter((path) => path !== undefined).length;
  if (selfSigned && given > 0) return ['listen.tls has both selfSigned and a certificate', 'Keep one of them.'];
  if (given === 1)
    return [`listen.tls.${cert === undefined ? 'cert' : 'key'} is missing`, 'Write both cert and key, as paths of PEM files.'];
  if (given === 2 || selfSigned || insecureLoopback) return null;
  return ['listen.tls is empty', 'Write cert and key, or selfSigned: true, or on loopback insecureLoopback: true.'];
}

function readPem(path: string, place: readonly string[], report: Report): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (fault) {
    report(place, `${place.join('.')} cannot be read: ${messageOf(fault)}`, 'Name a PEM file that the user running Chaperone can read.');
    return null;
  }
}
