import { describeHostile } from './hostile-suite.ts';
import { describeInBrowser } from './suite.ts';

describeInBrowser('hostile content in the console', describeHostile);
