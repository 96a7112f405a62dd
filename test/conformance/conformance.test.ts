import { describe } from 'node:test';
import { acceptSuite } from './accept-suite.ts';
import { decoderSuite } from './decoder-suite.ts';
import { flowSuite } from './flow-suite.ts';
import { protocolFolders } from './folder.ts';
import { probeSuite } from './probe-suite.ts';
import { resumeSuite } from './resume-suite.ts';
import { shapeSuite } from './shape-suite.ts';

/** What every protocol must keep, whatever it speaks; a new folder is found here by itself. */
for (const folder of await protocolFolders())
  describe(`the protocol ${folder.name}`, () => {
    shapeSuite(folder);
    decoderSuite(folder);
    resumeSuite(folder);
    acceptSuite(folder);
    flowSuite(folder);
    probeSuite(folder);
  });
