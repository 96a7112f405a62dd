import type { IncomingMessage, ServerResponse } from 'node:http';

interface BatchObject {
  readonly oid: string;
  readonly size: number;
}

/** A store of large files as git-lfs's API (docs/api/batch.md) has it, in memory, with a secret in each address that it hands out. */
export class LfsStore {
  readonly objects = new Map<string, Buffer>();
  readonly secret = 'lfs-header-that-only-the-gateway-sees';

  /** Whether the request was one for large files. */
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    const url = new URL(request.url ?? '/', `http://${request.headers.host}`);
    if (url.pathname.endsWith('/info/lfs/objects/batch')) return this.#batch(request, response, url);
    if (url.pathname.endsWith('/info/lfs/locks/verify')) return json(response, 200, { ours: [], theirs: [] });
    return false;
  }

  /** The addresses that were given out, which need nothing but what was given with them. */
  moves(request: IncomingMessage, response: ServerResponse): boolean {
    const url = new URL(request.url ?? '/', `http://${request.headers.host}`);
    const oid = /^\/store\/([0-9a-f]{64})$/.exec(url.pathname)?.[1];
    if (oid === undefined) return false;
    if (request.headers['x-store'] !== this.secret || url.searchParams.get('signature') !== 'signed') return json(response, 403, {});
    if (request.method === 'PUT') void collect(request).then((bytes) => (this.objects.set(oid, bytes), response.writeHead(200).end()));
    else response.writeHead(this.objects.has(oid) ? 200 : 404, { 'content-type': 'application/octet-stream' }).end(this.objects.get(oid));
    return true;
  }

  #batch(request: IncomingMessage, response: ServerResponse, url: URL): true {
    void collect(request).then((bytes) => {
      const { operation, objects } = JSON.parse(bytes.toString()) as { operation: 'upload' | 'download'; objects: BatchObject[] };
      const answered = objects.map(({ oid, size }) => {
        if (operation === 'upload' && this.objects.has(oid)) return { oid, size };
        const action = { href: `${url.origin}/store/${oid}?signature=signed`, header: { 'X-Store': this.secret }, expires_in: 600 };
        return { oid, size, authenticated: true, actions: { [operation]: action } };
      });
      json(response, 200, { transfer: 'basic', objects: answered });
    });
    return true;
  }
}

async function collect(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

function json(response: ServerResponse, status: number, value: unknown): true {
  response.writeHead(status, { 'content-type': 'application/vnd.git-lfs+json' }).end(JSON.stringify(value));
  return true;
}
