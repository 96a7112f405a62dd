import { describeApprovals } from './approvals-suite.ts';
import { describeInBrowser } from './suite.ts';

describeInBrowser('approvals in the console', describeApprovals);
