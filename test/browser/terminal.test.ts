import { describeInBrowser } from './suite.ts';
import { describeTerminal } from './terminal-suite.ts';

describeInBrowser('terminals in the console', describeTerminal);
