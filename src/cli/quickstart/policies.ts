import { billing, orders, repository } from './sample-connections.ts';

/** What the demonstration permits. */
export const policies = `// Who may reach what. Without a policy, nobody reaches anything.

@id("engineering-works")
@reason("Engineers and their agents work on the sample shop.")
permit (principal in Group::"engineering", action, resource in Connection::"${orders}")
unless { action == Action::"unmask" };

// DBAs see what is masked for everybody else: they may unmask, too.
@id("dba-works")
@reason("DBAs look after the sample shop.")
permit (principal in Group::"dba", action, resource in Connection::"${orders}");

// Whoever is no DBA waits for one before rows are deleted, or anything is done to more than rows. An approval lets one exact statement
// pass, once.
@id("deletes-and-schema-need-dba")
@approval("dba")
@reason("Rows are deleted, and tables changed, with the consent of a DBA.")
forbid (
  principal,
  action in [Action::"postgres:delete", Action::"schema", Action::"admin", Action::"unknown"],
  resource in Connection::"${orders}"
)
unless { principal in Group::"dba" };

// And what cannot be made good again is not done at all, whoever asks.
@id("no-truncate")
@reason("Nothing is emptied as a whole; delete the rows that must go, with a WHERE.")
forbid (
  principal,
  action in [Action::"postgres:truncate", Action::"postgres:truncate-unknown"],
  resource in Connection::"${orders}"
);

// ---- the billing API ----

@id("engineering-uses-billing")
permit (principal in Group::"engineering", action, resource in Connection::"${billing}")
unless { action == Action::"unmask" };

@id("billing-keeps-customers")
@reason("Customers are never deleted by way of the API; close their account instead.")
forbid (principal, action == Action::"http:DELETE", resource in Connection::"${billing}");

// ---- the web application's repository ----

@id("engineering-pushes-branches")
permit (principal in Group::"engineering", action, resource in Connection::"${repository}");

@id("main-needs-dba")
@approval("dba")
@reason("What is pushed to main is deployed, with the consent of somebody who looks after production.")
forbid (
  principal,
  action in [Action::"git:push", Action::"git:force", Action::"git:delete"],
  resource == Ref::"${repository}:refs/heads/main"
);

@id("no-secrets-in-git")
@reason("The push holds something that looks like a secret. Remove it from the commits, not only from the last one.")
forbid (principal, action in [Action::"git:push", Action::"git:create", Action::"git:force"], resource in Connection::"${repository}")
when { context has secrets && !context.secrets.isEmpty() };
`;
