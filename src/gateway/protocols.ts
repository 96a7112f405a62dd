import { readdir } from 'node:fs/promises';
import { ChaperoneError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import type { Decoder, Protocol } from '../core/protocol.ts';

const folder = new URL('../protocols/', import.meta.url);

/** Loads every protocol that has a folder, by its folder's name. A new one needs no line anywhere else. */
export async function loadProtocols(): Promise<ReadonlyMap<string, Protocol<unknown>>> {
  const names = await foldersFound();
  return new Map(await Promise.all(names.map(async (name) => [name, await loadProtocol(name)] as const)));
}

/** Loads one protocol by its name; null where it has no folder. */
export async function loadProtocolNamed(name: string): Promise<Protocol<unknown> | null> {
  return (await foldersFound()).includes(name) ? loadProtocol(name) : null;
}

/** Finds a protocol's decoder by its name; null for a protocol that has no folder (any more). Loads nothing else of the protocols. */
export async function loadDecoders(): Promise<(protocol: string, saved?: Json) => Decoder | null> {
  const names = await foldersFound();
  const makers = new Map(await Promise.all(names.map(async (name) => [name, await loadDecoder(name)] as const)));
  return (protocol, saved) => makers.get(protocol)?.(saved) ?? null;
}

async function foldersFound(): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return names.sort();
}

// What a folder exports is checked by the conformance suite, on every folder found on disk.

async function loadProtocol(name: string): Promise<Protocol<unknown>> {
  const module = (await import(new URL(`${name}/index.ts`, folder).href)) as { readonly protocol: Protocol<unknown> };
  if (module.protocol.name !== name)
    throw new ChaperoneError('INTERNAL', `the protocol in folder ${name} calls itself ${module.protocol.name}`);
  return module.protocol;
}

async function loadDecoder(name: string): Promise<Protocol<unknown>['decoder']> {
  const module = (await import(new URL(`${name}/decoder.ts`, folder).href)) as { readonly createDecoder: Protocol<unknown>['decoder'] };
  return module.createDecoder;
}
