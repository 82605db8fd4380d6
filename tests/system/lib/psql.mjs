// Where psql is. Debian's /usr/bin/psql is a Perl script that looks for clusters first: it costs five times what a question does.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const DEBIAN = '/usr/lib/postgresql';

function newest() {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
  return versions.map((version) => join(DEBIAN, version, 'bin/psql')).find((file) => existsSync(file)) ?? 'psql';
}

export const PSQL = newest();
