import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Approval, ApprovalRequest } from './approval.ts';

/** A request that a receiver took. */
export interface Received {
  readonly path: string;
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  readonly body: string;
}

/** A local HTTP server that keeps what it is sent, and answers as the test says. */
export interface Receiver extends AsyncDisposable {
  readonly url: string;
  readonly received: Received[];
  /** Resolves with the first `count` requests, once they are there. */
  first(count: number): Promise<readonly Received[]>;
}

export async function startReceiver(
  answer: (
    request: Received,
    index: number,
  ) => { readonly status?: number; readonly body?: object; readonly location?: string } = () => ({}),
): Promise<Receiver> {
  const received: Received[] = [];
  let arrived: (() => void)[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const { url: path = '', headers } = request;
      const one = { path, headers, body: Buffer.concat(pieces).toString('utf8') };
      const { status = 200, body = {}, location } = answer(one, received.push(one) - 1);
      response.writeHead(status, { 'content-type': 'application/json', ...(location === undefined ? {} : { location }) });
      response.end(JSON.stringify(body));
      for (const tell of arrived.splice(0)) tell();
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    first: async (count) => {
      while (received.length < count) await new Promise<void>((tell) => (arrived = [...arrived, tell]));
      return received.slice(0, count);
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

export function requestOf(more: Partial<ApprovalRequest> = {}): ApprovalRequest {
  return {
    digest: 'ab'.repeat(32),
    session: '01a214a1-d85b-77ed-a40f-c29a96580000',
    connection: 'orders',
    protocol: 'toy',
    requester: { issuer: 'https://login.example.test', subject: 'dana', email: 'dana@example.test', agent: 'cursor' },
    run: 'r-1',
    clientAddress: '127.0.0.1',
    action: 'toy:delete',
    effect: 'write',
    demands: [{ action: 'toy:delete', effect: 'write', object: { type: 'Table', name: 'public.users' } }],
    text: 'delete from users where id = $1',
    textLength: 31,
    parameters: ['7'],
    parameterCount: 1,
    stated: null,
    estimate: 1,
    reasons: ['A DBA must see this.'],
    policies: ['ask-dba'],
    policyVersion: 'v1',
    groups: ['dba'],
    ...more,
  };
}

export function approvalOf(more: Partial<Approval> = {}): Approval {
  return {
    id: '01a214a1-d85b-77ed-a40f-c29a965800e4',
    status: 'open',
    ...requestOf(),
    people: 1,
    createdAt: '2026-11-25T10:00:00.000Z',
    waitUntil: '2026-11-25T10:10:00.000Z',
    expiresAt: '2026-11-25T10:30:00.000Z',
    decisions: [],
    endedAt: null,
    ended: null,
    ...more,
  };
}
