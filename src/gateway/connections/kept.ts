import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf } from '../../core/errors.ts';
import { canonical } from './seal.ts';

/** When something was done, and by whom, as the trail names them. */
const stamp = z.strictObject({ at: z.string(), by: z.string() });
export type Stamp = z.output<typeof stamp>;

/** A connection that was made in the console, as its file has it. */
const keptConnection = z.strictObject({
  format: z.literal(1),
  name: z.string(),
  /** Another one whenever it leads elsewhere, so that nothing that was learnt of the one target is believed of the other. */
  generation: z.string().regex(/^[0-9a-f]{8}$/),
  made: stamp,
  changed: stamp,
  /** As in the configuration, without its secrets. */
  connection: z.record(z.string(), z.json()),
  /** The fields that hold one, and since when. */
  secrets: z.record(z.string(), stamp),
  sealed: z.string(),
});
export type KeptConnection = Readonly<z.output<typeof keptConnection>>;

/** A file that was found, and what is in it or why that cannot be read. */
export type Found = { readonly name: string } & ({ readonly kept: KeptConnection } | { readonly fault: string });

/** Another one after each change, for each is sealed anew. Of a file that cannot be read nothing more is told than that. */
export function versionOf(found: { readonly kept: KeptConnection } | { readonly fault: string }): string {
  return 'kept' in found ? createHash('sha256').update(canonical(found.kept)).digest('base64url').slice(0, 22) : 'damaged';
}

const folderOf = (state: string) => join(state, 'connections');
const nameOf = (file: string) => /^([a-z0-9][a-z0-9_-]{0,62})\.json$/.exec(file)?.[1] ?? null;

/** The names alone, for whoever must know which there are before they are opened. */
export function keptNames(state: string): ReadonlySet<string> {
  try {
    return new Set(readdirSync(folderOf(state)).flatMap((file) => nameOf(file) ?? []));
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return new Set();
    throw fault;
  }
}

/** Everything in the folder that is named like a connection; what cannot be read is found all the same. */
export async function findKept(state: string): Promise<readonly Found[]> {
  const folder = folderOf(state);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const names = (await readdir(folder)).flatMap((file) => nameOf(file) ?? []);
  return Promise.all(names.sort().map(async (name) => ({ name, ...(await readKept(folder, name)) })));
}

async function readKept(folder: string, name: string): Promise<{ readonly kept: KeptConnection } | { readonly fault: string }> {
  try {
    const kept = keptConnection.parse(JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8')));
    return kept.name === name ? { kept } : { fault: `its file says that it is "${kept.name}"` };
  } catch (fault) {
    return { fault: fault instanceof SyntaxError || fault instanceof z.ZodError ? 'its file is damaged' : messageOf(fault) };
  }
}

/** Writes the file whole or not at all, and readable by the gateway's own user alone. */
export async function keep(state: string, kept: KeptConnection): Promise<void> {
  const folder = folderOf(state);
  const path = join(folder, `${kept.name}.json`);
  const draft = `${path}.${process.pid}.draft`;
  await rm(draft, { force: true });
  const file = await open(draft, 'wx', 0o600);
  await flushed(file, () => file.writeFile(`${JSON.stringify(kept, null, 2)}\n`));
  await rename(draft, path);
  await flushFolder(folder);
}

export async function forget(state: string, name: string): Promise<void> {
  const folder = folderOf(state);
  await rm(join(folder, `${name}.json`), { force: true });
  await flushFolder(folder);
}

async function flushFolder(folder: string): Promise<void> {
  const file = await open(folder, 'r');
  await flushed(file, async () => {});
}

async function flushed(file: FileHandle, write: () => Promise<void>): Promise<void> {
  try {
    await write();
    await file.sync();
  } finally {
    await file.close();
  }
}
