import { describePages } from './pages-suite.ts';
import { describeInBrowser } from './suite.ts';

describeInBrowser('the console’s pages in a browser', describePages);
