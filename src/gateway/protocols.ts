import { readdir } from 'node:fs/promises';
import { ChaperoneError } from '../core/errors.ts';
import type { Protocol } from '../core/protocol.ts';

const folder = new URL('../protocols/', import.meta.url);

/** Loads every protocol that has a folder, by its folder's name. A new one needs no line anywhere else. */
export async function loadProtocols(): Promise<ReadonlyMap<string, Protocol<unknown>>> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const loaded = await Promise.all(names.sort().map(async (name) => [name, await loadProtocol(name)] as const));
  return new Map(loaded);
}

async function loadProtocol(name: string): Promise<Protocol<unknown>> {
  // What a folder exports is checked by the conformance suite, on every folder found on disk.
  const module = (await import(new URL(`${name}/index.ts`, folder).href)) as { readonly protocol: Protocol<unknown> };
  if (module.protocol.name !== name)
    throw new ChaperoneError('INTERNAL', `the protocol in folder ${name} calls itself ${module.protocol.name}`);
  return module.protocol;
}
