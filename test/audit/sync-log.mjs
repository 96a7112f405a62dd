// Loaded into a gateway ahead of it: notes for every file, once a flush of it has succeeded, how long the file was when that
// flush began. What lies behind that length is what a power cut may take.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const path = process.env.CHAPERONE_AUDIT_SYNC_LOG;
if (path !== undefined) {
  const log = fs.openSync(path, 'a');
  const noting = (flush) => (descriptor, done) => {
    const name = fs.readlinkSync(`/proc/self/fd/${descriptor}`);
    const { size } = fs.fstatSync(descriptor);
    flush(descriptor, (fault) => {
      if (fault === null) fs.writeSync(log, `${size} ${name}\n`);
      done(fault);
    });
  };
  fs.fdatasync = noting(fs.fdatasync);
  fs.fsync = noting(fs.fsync);
  syncBuiltinESMExports();
}
