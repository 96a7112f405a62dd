import type { QuickstartFolder } from './folder.ts';
import { audience, clients } from './people.ts';
import { policies } from './policies.ts';
import { billing, gitUser, orders, repository } from './sample-connections.ts';
import type { ShopLogin } from './shop.ts';

/** What the demonstration's gateway is told. */
export interface QuickstartTerms {
  readonly address: string;
  readonly consolePort: number;
  readonly databasePort: number;
  readonly webPort: number;
  readonly issuer: string;
  readonly target: { readonly host: string; readonly port: number };
  readonly shop: ShopLogin;
  /** Where the sample API and git server listen. */
  readonly sites: { readonly billing: { readonly port: number }; readonly git: { readonly port: number } };
}

/** Writes the gateway's configuration and policies, and returns the configuration's path. */
export async function writeConfiguration(folder: QuickstartFolder, terms: QuickstartTerms): Promise<string> {
  await folder.write('policies/quickstart.cedar', policies);
  await folder.write('chaperone.yaml', configuration(folder, terms));
  return folder.path('chaperone.yaml');
}

function configuration(folder: QuickstartFolder, terms: QuickstartTerms): string {
  const { issuer, target, shop, sites } = terms;
  const file = (...names: string[]) => JSON.stringify(folder.path(...names));
  const at = (port: number) => JSON.stringify(`${terms.address.includes(':') ? `[${terms.address}]` : terms.address}:${port}`);
  return `# A DEMONSTRATION, written anew at each start: on loopback, without TLS, with an identity provider that signs in anyone
# who can read this folder. Start your own configuration from docs/operations.md instead.
demonstration: true
state: ${file('state')}
listen:
  console: { address: ${at(terms.consolePort)} }
  web: { address: ${at(terms.webPort)} }
  postgres: { address: ${at(terms.databasePort)} }
  tls: { insecureLoopback: true }
identity:
  issuers:
    - issuer: ${JSON.stringify(issuer)}
      audience: ${audience}
      login: { clientId: ${clients.console}, clientSecret: { file: ${file('secrets', clients.console)} } }
roles: { admin: [dba], auditor: [audit], reviewer: [dba] }
connections:
  - name: ${orders}
    protocol: postgres
    target: { host: ${JSON.stringify(target.host)}, port: ${target.port}, database: ${shop.database}, tls: off }
    credentials: { user: ${shop.user}, password: { file: ${file('secrets', shop.user)} } }
    recording: { durability: write, onFailure: stop }
    retention: 30d
  - name: ${billing}
    protocol: http
    target: { url: "http://127.0.0.1:${sites.billing.port}/v1" }
    credentials: { header: Authorization, value: { file: ${file('secrets', billing)} } }
    retention: 30d
  - name: ${repository}
    protocol: git
    target: { url: "http://127.0.0.1:${sites.git.port}/${repository}.git" }
    credentials: { user: ${gitUser}, password: { file: ${file('secrets', repository)} } }
    retention: 30d
policies: ${file('policies')}
masking:
  columns:
    - { column: "${orders}:public.customers.iban", action: partial }
    - { column: "${orders}:public.customers.birth_date", action: redact }
    - { column: "${billing}:/iban", action: partial }
    - { column: "${billing}:/items/*/iban", action: partial }
  detectors:
    - { detect: [email, phone], connections: [${orders}, ${billing}], action: partial }
approvals: { wait: 30m, expire: 8h }
`;
}
