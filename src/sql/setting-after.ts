import type { ParsedStatement } from './parse.ts';
import { effectivePath, type Setting } from './setting.ts';
import type { SettingChange } from './settings.ts';
import type { StatementMeaning } from './statement.ts';

/** What a session goes back to when a setting is reset. */
export interface SettingDefaults {
  readonly user: string;
  readonly searchPath: string;
  readonly standardConformingStrings: boolean;
}

/**
 * The setting that a later statement meets once this one has run, for texts of several statements, which are judged before the
 * first of them runs. A rolled-back transaction takes all of it back; whoever follows a session over its transactions asks the server.
 */
export function settingAfter(
  setting: Setting,
  statement: ParsedStatement,
  { sets, leaves, deeds }: StatementMeaning,
  defaults: SettingDefaults,
): Setting {
  const changed = sets.reduce((before, change) => changedBy(before, change, defaults), setting);
  const { prepared, cursor, temporary } = leaves;
  // What is not understood may have made anything of the session's own.
  const unsure = deeds.some(({ effect }) => effect === 'unknown') || changed.temporary === null;
  return {
    searchPath: changed.searchPath,
    standardConformingStrings: changed.standardConformingStrings,
    temporary: unsure ? null : new Set([...(changed.temporary ?? []), ...temporary]),
    prepared: prepared === null ? changed.prepared : (name) => (name === prepared ? statement.text : changed.prepared(name)),
    cursor: cursor === null ? changed.cursor : (name) => (name === cursor ? statement.text : changed.cursor(name)),
  };
}

function changedBy(setting: Setting, { name, value, toDefault }: SettingChange, defaults: SettingDefaults): Setting {
  const all = name === '*';
  const path = toDefault ? defaults.searchPath : value;
  // An empty path finds nothing, and what is not found is unknown.
  const searchPath = all || name === 'search_path' ? (path === null ? [] : effectivePath(path, defaults.user)) : setting.searchPath;
  const strings = toDefault ? defaults.standardConformingStrings : value !== null && affirmative.has(value.toLowerCase());
  const standardConformingStrings = all || name === 'standard_conforming_strings' ? strings : setting.standardConformingStrings;
  return { ...setting, searchPath, standardConformingStrings };
}

const affirmative = new Set(['on', 'true', 'yes', '1']);
