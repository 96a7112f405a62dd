import { describeRoom } from './room-suite.ts';
import { describeInBrowser } from './suite.ts';

describeInBrowser('the console where there is little room', describeRoom);
