import { describeKeyboard } from './keyboard-suite.ts';
import { describeInBrowser } from './suite.ts';

describeInBrowser('the console by keys in a browser', describeKeyboard);
