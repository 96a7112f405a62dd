import { type ActionCatalog, effects } from '../../core/action.ts';

/** What one protocol declares to policy. */
export interface PolicyCatalog {
  /** The protocol's name. */
  readonly name: string;
  readonly actions: ActionCatalog;
  /** Cedar entity types of the objects that its actions name; each lies in a connection. */
  readonly objects: readonly string[];
}

const preamble = `// The principal of every request. A user's id is "<issuer>#<subject>", as the token says them.
entity Group;
entity User in [Group] = { subject: String, issuer: String, email?: String };

// A registered target, by its name in the configuration.
entity Connection;`;

const context = 'context: { agent?: String, run?: String, issuer: String }';

/** The Cedar schema, in its text form, that policies are validated against: what the gateway asks, and the catalogs' part of it. */
export function describeSchema(catalogs: readonly PolicyCatalog[]): string {
  const objects = [...new Set(catalogs.flatMap((catalog) => catalog.objects))].sort();
  const resources = ['Connection', ...objects].join(', ');
  return `${[
    preamble,
    ...(objects.length > 0
      ? ['// What actions touch within a connection.', ...objects.map((type) => `entity ${type} in [Connection];`), '']
      : ['']),
    '// What an action does to its target.',
    `action ${effects.map(quote).join(', ')};`,
    '',
    `@doc("Opens a session.")\naction "connect" appliesTo { principal: [User], resource: [Connection], ${context} };`,
    `@doc("Shows data unmasked.")\naction "unmask" appliesTo { principal: [User], resource: [${resources}], ${context} };`,
    ...catalogs.flatMap((catalog) => describeActions(catalog)),
  ].join('\n')}\n`;
}

function describeActions(catalog: PolicyCatalog): string[] {
  const resources = ['Connection', ...catalog.objects].join(', ');
  const actions = Object.entries(catalog.actions).map(
    ([name, { effect, says }]) =>
      `@doc(${quote(says)})\naction ${quote(name)} in [${quote(effect)}] appliesTo { principal: [User], resource: [${resources}], ${context} };`,
  );
  return ['', `// ${catalog.name}`, ...actions];
}

// Cedar's escapes agree with JSON's for quotes and backslashes; a declaration has no control characters.
function quote(text: string): string {
  return JSON.stringify(text);
}
