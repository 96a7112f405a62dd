import type { z } from 'zod';
import type * as contract from '../../../src/api/contract.ts';

/*
 * What the API says, by the API's own schemas. Only their types come over: the schemas themselves stay at the server, whose
 * answers are checked there before they leave.
 */

export type Session = z.output<typeof contract.session>;
export type SessionPage = z.output<typeof contract.sessionPage>;
export type ExchangePage = z.output<typeof contract.exchangePage>;
export type Exchange = ExchangePage['items'][number];
export type Effect = Exchange['effect'];
export type Approval = z.output<typeof contract.approval>;
export type ApprovalPage = z.output<typeof contract.approvalPage>;
export type ApprovalAnswer = z.input<typeof contract.approvalAnswer>;
export type AuditPage = z.output<typeof contract.auditPage>;
export type AuditEvent = AuditPage['items'][number];
export type Connection = z.output<typeof contract.connectionList>['items'][number];
export type ConnectionProtocol = z.output<typeof contract.protocolList>['items'][number];
export type TrialReport = z.output<typeof contract.trialReport>;
export type PolicySet = z.output<typeof contract.policySet>;
export type MaskingInForce = z.output<typeof contract.maskingInForce>;
export type MaskingTrial = z.output<typeof contract.maskingTrial>;
export type MaskingSample = MaskingTrial['sample'];
export type MaskingTried = z.output<typeof contract.maskingTried>;
export type Retention = z.output<typeof contract.retention>;
export type Proof = z.output<typeof contract.proof>;
export type Me = z.output<typeof contract.me>;
export type FoundPage = z.output<typeof contract.foundPage>;
export type Facets = z.output<typeof contract.facets>;
export type QueryFields = z.output<typeof contract.queryFields>;
export type Overview = z.output<typeof contract.overview>;
export type PolicyVersions = z.output<typeof contract.policyVersions>;
export type PolicyVersion = z.output<typeof contract.policyVersion>;
export type DraftFindings = z.output<typeof contract.draftFindings>;
export type TestFindings = z.output<typeof contract.testFindings>;
export type RunPage = z.output<typeof contract.runPage>;
export type Run = RunPage['items'][number];
export type RunDetail = z.output<typeof contract.runDetail>;
export type RunException = RunDetail['exceptions'][number];
export type StoryPage = z.output<typeof contract.storyPage>;
export type StoryItem = StoryPage['items'][number];
export type Receipt = z.output<typeof contract.receipt>;
export type RunReceipt = z.output<typeof contract.runReceipt>;
export type LoginIssuers = z.output<typeof contract.loginIssuers>;
export type ProblemDocument = z.output<typeof contract.problemDocument>;
