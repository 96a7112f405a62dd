import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Protocol } from '../../src/core/protocol.ts';
import type { ConformanceRig } from './rig.ts';

const protocols = new URL('../../src/protocols/', import.meta.url);

/** A protocol's folder as the suite sees it. */
export interface ProtocolFolder {
  readonly name: string;
  readonly path: string;
  readonly protocol: Protocol<unknown>;
  readonly rig: ConformanceRig;
}

/** Every folder found on disk; one without a protocol or a rig fails here. */
export async function protocolFolders(): Promise<ProtocolFolder[]> {
  const entries = readdirSync(protocols, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return Promise.all(
    entries
      .map(({ name }) => name)
      .toSorted()
      .map(loadFolder),
  );
}

async function loadFolder(name: string): Promise<ProtocolFolder> {
  const folder = new URL(`${name}/`, protocols);
  const module = (await import(new URL('index.ts', folder).href)) as { readonly protocol: Protocol<unknown> };
  const support = (await import(new URL('testing/conformance-rig.ts', folder).href)) as { readonly rig: ConformanceRig };
  return { name, path: fileURLToPath(folder), protocol: module.protocol, rig: support.rig };
}
