import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { effects } from '../../src/core/action.ts';
import type { ProtocolFolder } from './folder.ts';

type Document = { readonly [key: string]: unknown };

const secretNames = /passw|secret|token|^key$|^value$|credential/i;

export function shapeSuite({ name, path, protocol, rig }: ProtocolFolder): void {
  describe('has the shape of a protocol', () => {
    test('its name is its folder’s', () => assert.equal(protocol.name, name));

    test('its folder says to those who change it what they must know', () => assert.ok(existsSync(join(path, 'README.md'))));

    test('its actions are named after it', () => {
      const actions = Object.entries(protocol.actions);
      assert.ok(actions.length > 0);
      for (const [action, { effect, says }] of actions) {
        assert.match(action, new RegExp(`^${name}:[A-Za-z][A-Za-z-]*$`));
        assert.ok(effects.includes(effect), `${action} has the effect ${effect}`);
        assert.match(says, /^[A-Z].*\.$/);
      }
    });

    test('its objects are entity types', () => {
      for (const object of protocol.objects) assert.match(object, /^[A-Z][A-Za-z0-9]*$/);
      assert.equal(new Set(protocol.objects).size, protocol.objects.length);
    });

    test('its settings take what its rig has, and say where it leads', () => {
      const settings = protocol.settings.parse(rig.settings(5_999));
      assert.deepEqual(protocol.addresses(settings), [{ host: '127.0.0.1', port: 5_999 }]);
    });

    test('its settings refuse what they do not know, at every level', () => {
      for (const strange of strangers(rig.settings(5_999)))
        assert.equal(protocol.settings.safeParse(strange).success, false, `${JSON.stringify(strange)} passes`);
    });

    test('its settings mark what is secret', () => {
      const schema = z.toJSONSchema(protocol.settings, { io: 'input', unrepresentable: 'any' }) as Document;
      const secrets = properties(schema).filter(([key]) => secretNames.test(key) && key !== 'credentials' && !key.endsWith('Url'));
      for (const [key, property] of secrets) assert.equal(property['secret'], true, `${key} is not marked`);
    });

    test('its settings mark what names a file', () => {
      const schema = z.toJSONSchema(protocol.settings, { io: 'input', unrepresentable: 'any' }) as Document;
      for (const [key, property] of properties(schema))
        if (/^(ca|cert|path|folder)$/.test(key)) assert.equal(property['file'], true, `${key} is not marked`);
    });

    test('the secrets of its settings do not print', () => {
      const settings = protocol.settings.parse(rig.settings(5_999));
      assert.ok(rig.secret.length > 5);
      assert.ok(!JSON.stringify(settings).includes(rig.secret));
    });
  });
}

/** The same settings with one key too many, once for every mapping in them. */
function strangers(settings: unknown): unknown[] {
  if (!isDocument(settings)) return [];
  const here = { ...settings, unheardOf: 1 };
  const deeper = Object.entries(settings).flatMap(([key, value]) => strangers(value).map((strange) => ({ ...settings, [key]: strange })));
  return [here, ...deeper];
}

function properties(schema: unknown): [string, Document][] {
  if (Array.isArray(schema)) return schema.flatMap(properties);
  if (!isDocument(schema)) return [];
  const own = isDocument(schema['properties']) ? Object.entries(schema['properties']) : [];
  return [...own.filter((entry): entry is [string, Document] => isDocument(entry[1])), ...Object.values(schema).flatMap(properties)];
}

function isDocument(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
