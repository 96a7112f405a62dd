import type { SQLOutputValue } from 'node:sqlite';
import type { Principal } from '../core/principal.ts';
import type { AuditItem, Cut, ExchangeItem, SessionItem } from './items.ts';
import { timestamp } from './timestamp.ts';

export type Row = { readonly [column: string]: SQLOutputValue };

/** What `sessionItem` reads. */
export const sessionRows = 'SELECT s.* FROM sessions AS s';
/** The columns that `exchangeItem` reads, of exchanges `x` and their sessions `s`. */
export const exchangeColumns = `s.id AS session, s.connection, x.ordinal, x.started_at, x.duration_ms, x.action, x.effect, x.objects,
  x.verdict, x.reason, x.policies, x.approval, x.rows, x.bytes, x.withheld, x.masked, x.status, x.tag, x.error, x.cut, x.parameters, x.text`;

export function sessionItem(row: Row): SessionItem {
  return {
    id: text(row, 'id'),
    connection: text(row, 'connection'),
    protocol: text(row, 'protocol'),
    principal: principalItem(json(row, 'principal') as Principal | null),
    run: textOrNull(row, 'run'),
    clientAddress: text(row, 'client_address'),
    startedAt: timestamp(number(row, 'started_at')),
    endedAt: row['ended_at'] === null ? null : timestamp(number(row, 'ended_at')),
    status: text(row, 'status') as SessionItem['status'],
    reason: textOrNull(row, 'reason'),
    verdict: text(row, 'verdict') as SessionItem['verdict'],
    code: textOrNull(row, 'code') as SessionItem['code'],
    detail: textOrNull(row, 'detail'),
    policies: json(row, 'policies') as readonly string[],
    policyVersion: text(row, 'policy_version'),
    exchanges: number(row, 'exchanges'),
    refused: number(row, 'refused'),
    bytesToTarget: number(row, 'bytes_to_target'),
    bytesToClient: number(row, 'bytes_to_client'),
    recording: text(row, 'recording') as SessionItem['recording'],
  };
}

function principalItem(principal: Principal | null): SessionItem['principal'] {
  if (principal === null) return null;
  const { subject, issuer, email, groups, agent, actors, token } = principal;
  const evidence = { jti: token.jti, sha256: token.sha256, expiresAt: timestamp(token.expiresAt) };
  return { subject, issuer, email, groups, agent, actors, token: evidence };
}

export function exchangeItem(row: Row): ExchangeItem {
  const session = text(row, 'session');
  const ordinal = number(row, 'ordinal');
  return {
    id: `${session}/${ordinal}`,
    session,
    connection: text(row, 'connection'),
    ordinal,
    startedAt: timestamp(number(row, 'started_at')),
    durationMs: numberOrNull(row, 'duration_ms'),
    action: text(row, 'action'),
    effect: text(row, 'effect') as ExchangeItem['effect'],
    objects: json(row, 'objects') as ExchangeItem['objects'],
    text: text(row, 'text'),
    parameters: json(row, 'parameters') as ExchangeItem['parameters'],
    verdict: textOrNull(row, 'verdict') as ExchangeItem['verdict'],
    reason: textOrNull(row, 'reason'),
    policies: json(row, 'policies') as readonly string[],
    approval: textOrNull(row, 'approval'),
    rows: numberOrNull(row, 'rows'),
    bytes: number(row, 'bytes'),
    withheld: json(row, 'withheld') as ExchangeItem['withheld'],
    masked: json(row, 'masked') as ExchangeItem['masked'],
    status: text(row, 'status') as ExchangeItem['status'],
    tag: textOrNull(row, 'tag'),
    error: json(row, 'error') as ExchangeItem['error'],
    cut: text(row, 'cut')
      .split(',')
      .filter((part) => part !== '') as Cut[],
  };
}

export function auditItem(row: Row): AuditItem {
  return {
    id: `${text(row, 'ledger')}/${number(row, 'sequence')}`,
    at: timestamp(number(row, 'at')),
    event: text(row, 'event'),
    actor: text(row, 'actor'),
    detail: json(row, 'detail') as AuditItem['detail'],
  };
}

function text(row: Row, column: string): string {
  return String(row[column]);
}

function textOrNull(row: Row, column: string): string | null {
  return row[column] === null ? null : text(row, column);
}

function number(row: Row, column: string): number {
  return Number(row[column]);
}

function numberOrNull(row: Row, column: string): number | null {
  return row[column] === null ? null : number(row, column);
}

/** The archive alone writes these columns, from values of the types that the callers name. */
function json(row: Row, column: string): unknown {
  return JSON.parse(row[column] === null ? 'null' : text(row, column));
}
