import { describeRecord } from './record-suite.ts';
import { describeRoles } from './roles-suite.ts';
import { describeInBrowser } from './suite.ts';

describeInBrowser('the console in a browser', describeRoles, describeRecord);
