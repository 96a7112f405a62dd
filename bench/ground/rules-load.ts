import assert from 'node:assert/strict';
import { generateKeySync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { protocol } from '../../src/protocols/postgres/index.ts';
import { createMasking } from '../../src/stages/masking/index.ts';
import { maskingSchema } from '../../src/stages/masking/settings.ts';
import { createPolicy, loadPolicies } from '../../src/stages/policy/index.ts';
import { type Armed, maskingOf, policyFile } from './armed.ts';

/** Seconds from the files of a folder to policies that can judge and masking that can mask, as at a start. */
export async function rulesLoadIn(many: Armed): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-bench-policies-'));
  try {
    await writeFile(join(folder, 'many.cedar'), policyFile(many.policies));
    const begun = performance.now();
    const policies = await loadPolicies(folder, { catalogs: [protocol] });
    assert.ok('version' in policies, 'the policies have mistakes');
    createPolicy(policies);
    const masking = createMasking(maskingSchema.parse(maskingOf(many.maskRules)), generateKeySync('hmac', { length: 256 }))('write');
    assert.ok(masking?.byColumn);
    return (performance.now() - begun) / 1000;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
