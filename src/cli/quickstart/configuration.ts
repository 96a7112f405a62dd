import type { QuickstartFolder } from './folder.ts';
import { audience, clients } from './people.ts';
import type { ShopLogin } from './shop.ts';

/** The name under which clients reach the sample shop. */
export const connection = 'orders';

/** What the demonstration's gateway is told. */
export interface QuickstartTerms {
  readonly address: string;
  readonly consolePort: number;
  readonly databasePort: number;
  readonly issuer: string;
  readonly target: { readonly host: string; readonly port: number };
  readonly shop: ShopLogin;
}

/** Writes the gateway's configuration and policies, and returns the configuration's path. */
export async function writeConfiguration(folder: QuickstartFolder, terms: QuickstartTerms): Promise<string> {
  await folder.write('policies/quickstart.cedar', policies);
  await folder.write('chaperone.yaml', configuration(folder, terms));
  return folder.path('chaperone.yaml');
}

const policies = `// Who may reach what. Without a policy, nobody reaches anything.

@id("engineering-works")
@reason("Engineers and their agents work on the sample shop.")
permit (principal in Group::"engineering", action, resource in Connection::"${connection}")
unless { action == Action::"unmask" };

// DBAs see what is masked for everybody else: they may unmask, too.
@id("dba-works")
@reason("DBAs look after the sample shop.")
permit (principal in Group::"dba", action, resource in Connection::"${connection}");

// Whoever is no DBA waits for one before rows are deleted, or anything is done to more than rows. An approval lets one exact statement
// pass, once.
@id("deletes-and-schema-need-dba")
@approval("dba")
@reason("Rows are deleted, and tables changed, with the consent of a DBA.")
forbid (
  principal,
  action in [Action::"postgres:delete", Action::"schema", Action::"admin", Action::"unknown"],
  resource in Connection::"${connection}"
)
unless { principal in Group::"dba" };

// And what cannot be made good again is not done at all, whoever asks.
@id("no-truncate")
@reason("Nothing is emptied as a whole; delete the rows that must go, with a WHERE.")
forbid (
  principal,
  action in [Action::"postgres:truncate", Action::"postgres:truncate-unknown"],
  resource in Connection::"${connection}"
);
`;

function configuration(folder: QuickstartFolder, terms: QuickstartTerms): string {
  const { issuer, target, shop } = terms;
  const file = (...names: string[]) => JSON.stringify(folder.path(...names));
  const at = (port: number) => JSON.stringify(`${terms.address.includes(':') ? `[${terms.address}]` : terms.address}:${port}`);
  return `# A DEMONSTRATION, written anew at each start: on loopback, without TLS, with an identity provider that signs in anyone
# who can read this folder. Start your own configuration from docs/operations.md instead.
demonstration: true
state: ${file('state')}
listen:
  console: { address: ${at(terms.consolePort)} }
  postgres: { address: ${at(terms.databasePort)} }
  tls: { insecureLoopback: true }
identity:
  issuers:
    - issuer: ${JSON.stringify(issuer)}
      audience: ${audience}
      login: { clientId: ${clients.console}, clientSecret: { file: ${file('secrets', clients.console)} } }
roles: { admin: [dba], auditor: [audit], reviewer: [dba] }
connections:
  - name: ${connection}
    protocol: postgres
    target: { host: ${JSON.stringify(target.host)}, port: ${target.port}, database: ${shop.database}, tls: off }
    credentials: { user: ${shop.user}, password: { file: ${file('secrets', shop.user)} } }
    recording: { durability: write, onFailure: stop }
    retention: 30d
policies: ${file('policies')}
masking:
  columns:
    - { column: "${connection}:public.customers.iban", action: partial }
    - { column: "${connection}:public.customers.birth_date", action: redact }
  detectors:
    - { detect: [email, phone], connections: [${connection}], action: partial }
approvals: { wait: 30m, expire: 8h }
`;
}
