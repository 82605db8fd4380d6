// A region whose state lies on a small file system of its own, where root may mount one: a disk that can be filled.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { Region } from './region.mjs';

export class SmallDisk extends Region {
  async prepare() {
    this.state = join(this.dir, 'state');
    mkdirSync(this.state);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${this.options.disk_mb ?? 48}m`, 'none', this.state], { stdio: 'pipe' });
      this.mounted = true;
    } catch { /* tests of the full disk are skipped */ }
    await super.prepare();
  }

  get ballast() { return join(this.state, 'ballast'); }
  freePercent() {
    const fs = statfsSync(this.state);
    return fs.bavail / fs.blocks * 100;
  }

  // Puts so much on the disk that this many percent stay free; 0: to the last block.
  fill(percent = 0) {
    const fs = statfsSync(this.state);
    const mine = existsSync(this.ballast) ? Number(execFileSync('stat', ['-c', '%b', this.ballast])) * 512 : 0;
    const bytes = Math.floor(fs.bavail * fs.bsize + mine - (percent / 100) * fs.blocks * fs.bsize);
    this.empty();
    try { execFileSync('dd', ['if=/dev/zero', `of=${this.ballast}`, 'bs=4k', ...(percent ? [`count=${Math.floor(bytes / 4096)}`] : [])], { stdio: 'pipe' }); } catch { /* until it is full */ }
  }
  empty() { rmSync(this.ballast, { force: true }); }

  async stop() {
    try {
      await this.stopDaemon();
    } finally {
      if (this.mounted) execFileSync('umount', ['-l', this.state]);
      await super.stop();
    }
  }
}
