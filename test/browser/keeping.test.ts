import { describeEvidence } from './evidence-suite.ts';
import { describeMasking } from './masking-suite.ts';
import { describePalette } from './palette-suite.ts';
import { describeInBrowser } from './suite.ts';

describeInBrowser('what is configured and kept, in a browser', describeMasking, describePalette, describeEvidence);
