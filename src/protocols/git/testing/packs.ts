import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { encodePktLine, flush } from '../../../wire/pkt-line.ts';

const types = { commit: 1, tree: 2, blob: 3, tag: 4 } as const;
type Type = keyof typeof types;

export interface CraftedObject {
  readonly id: string;
  readonly entry: Buffer;
}

/** An object as a pack has it, well-formed or not; its content is nobody's affair here. */
export function object(type: Type, content: string | Buffer): CraftedObject {
  const bytes = Buffer.from(content);
  const id = createHash('sha1').update(`${type} ${bytes.length}\0`).update(bytes).digest('hex');
  return { id, entry: Buffer.concat([entryHead(types[type], bytes.length), deflateSync(bytes)]) };
}

/** A delta against an object that is named by its id (OBJ_REF_DELTA of gitformat-pack(5)). */
export function delta(base: string, instructions: Buffer): Buffer {
  return Buffer.concat([entryHead(7, instructions.length), Buffer.from(base, 'hex'), deflateSync(instructions)]);
}

export function pack(...entries: readonly (Buffer | CraftedObject)[]): Buffer {
  const head = Buffer.alloc(12);
  head.write('PACK');
  head.writeUInt32BE(2, 4);
  head.writeUInt32BE(entries.length, 8);
  const body = Buffer.concat([head, ...entries.map((entry) => ('entry' in entry ? entry.entry : entry))]);
  return Buffer.concat([body, createHash('sha1').update(body).digest()]);
}

export interface TreeEntry {
  readonly mode: string;
  readonly name: string;
  readonly id: string;
}

export function tree(...entries: readonly TreeEntry[]): CraftedObject {
  const content = entries.map(({ mode, name, id }) => Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(id, 'hex')]));
  return object('tree', Buffer.concat(content));
}

export function commit(
  treeId: string,
  more: { readonly parent?: string; readonly email?: string; readonly message?: string } = {},
): CraftedObject {
  const { parent, email = 'ada@example.com', message = 'Crafted\n' } = more;
  const lines = [`tree ${treeId}`, ...(parent === undefined ? [] : [`parent ${parent}`])];
  const person = `Ada <${email}> 1700000000 +0000`;
  return object('commit', `${lines.join('\n')}\nauthor ${person}\ncommitter ${person}\n\n${message}`);
}

export const none = '0'.repeat(40);

/** A push as git sends it. */
export function pushBody(ref: string, old: string, state: string, packed: Buffer, capabilities = 'report-status side-band-64k'): Buffer {
  return Buffer.concat([encodePktLine(`${old} ${state} ${ref}\0 ${capabilities}`), flush, packed]);
}

function entryHead(type: number, size: number): Buffer {
  const bytes: number[] = [];
  let left = Math.floor(size / 16);
  bytes.push((left > 0 ? 0x80 : 0) | (type << 4) | (size & 0xf));
  while (left > 0) {
    const low = left & 0x7f;
    left = Math.floor(left / 128);
    bytes.push((left > 0 ? 0x80 : 0) | low);
  }
  return Buffer.from(bytes);
}
