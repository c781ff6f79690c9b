// Adds to package-lock.json the packages of other platforms that the registry in use does not hold.
//
// Tools with native parts (biome, oxlint, rolldown) name one optional package a platform. A registry mirror may lack
// some of them; npm then leaves them out of the lockfile, and `npm ci` calls that lockfile out of sync, everywhere.
// An entry with version and platform is enough: npm skips it where the platform does not fit, and fetches it where it
// does. Run after every change of dependencies; it changes nothing where nothing is missing.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface LockedPackage {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}

const path = join(import.meta.dirname, '..', 'package-lock.json');
const lock = JSON.parse(readFileSync(path, 'utf8')) as { packages: Record<string, LockedPackage> };

const added: string[] = [];
for (const [at, parent] of Object.entries({ ...lock.packages })) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    if (
      lock.packages[`node_modules/${name}`] !== undefined ||
      lock.packages[`${at}/node_modules/${name}`] !== undefined
    )
      continue;
    const platform = platformOf(name);
    if (platform === undefined || !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) {
      throw new Error(
        `${at} wants ${name}@${version}, which the registry lacks and whose platform its name does not tell`,
      );
    }
    lock.packages[`node_modules/${name}`] = {
      version,
      ...(parent.dev === true ? { dev: true } : {}),
      optional: true,
      ...platform,
    };
    added.push(name);
  }
}
const { '': root, ...rest } = lock.packages;
lock.packages = {
  '': root ?? {},
  ...Object.fromEntries(Object.entries(rest).sort(([one], [other]) => (one < other ? -1 : 1))),
};
if (added.length > 0) writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added.length} packages of other platforms added to package-lock.json`);

/** What a name such as `binding-linux-arm64-musl` says of os, cpu and libc. */
function platformOf(name: string): Pick<LockedPackage, 'os' | 'cpu' | 'libc'> | undefined {
  if (/wasm32/.test(name)) return { cpu: ['wasm32'] };
  const os = /android|darwin|linux|freebsd|netbsd|openbsd|openharmony|sunos|aix|win32/.exec(name)?.[0];
  const cpu = /arm64|x64|arm(?=v7|-|$)|ia32|ppc64|riscv64|s390x|loong64|mips64el/.exec(name)?.[0];
  if (os === undefined || cpu === undefined) return undefined;
  const libc = /musl/.test(name) ? ['musl'] : /gnu/.test(name) ? ['glibc'] : undefined;
  return { os: [os], cpu: [cpu], ...(libc === undefined ? {} : { libc }) };
}
