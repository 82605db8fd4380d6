// A region whose daemon has a wall clock of its own: the release build with tests/tools/clock before it, which moves
// the wall clock and nothing else, as setting it does. PostgreSQL keeps the real time.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { B, Region } from './region.mjs';

export class Clock extends Region {
  static start(options = {}) { return super.start({ binary: join(B, 'hotlined'), ...options }); }

  daemonEnv() {
    this.clock = join(this.dir, 'clock');
    if (!this.clockSet) this.set(0);
    return { ...super.daemonEnv(), LD_PRELOAD: join(B, 'tools/clock.so'), CLOCK_FILE: this.clock };
  }
  // Seconds ahead of the real time. In place: the daemon has the file mapped.
  set(seconds) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(seconds));
    writeFileSync(this.clock, bytes, { flag: this.clockSet ? 'r+' : 'w' });
    this.clockSet = true;
  }
  // The daemon's clock shows this time of Nanning, "2026-10-01T09:30:00".
  setTo(local) { this.set(Math.round((Date.parse(`${local}+08:00`) - Date.now()) / 1000)); }
}
