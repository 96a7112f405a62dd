import { describeConnections } from './connections-suite.ts';
import { describeInBrowser } from './suite.ts';

describeInBrowser('connections in the console', describeConnections);
