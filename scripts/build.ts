// `npm run build`: dist/<package>/ for each publishable package, ready for `npm publish dist/<package>`.
//
// Inside the repository packages export their sources, which Node runs as they are. What is published exports
// JavaScript and declarations, so each package is staged with a package.json of its own.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const compiled = join(root, '.cache', 'compiled');
const staged = join(root, 'dist');

interface Manifest {
  name: string;
  private?: boolean;
  exports?: Record<string, string>;
  bin?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

await rm(compiled, { recursive: true, force: true });
await rm(staged, { recursive: true, force: true });
await mkdir(join(root, '.cache'), { recursive: true });

const config = join(root, '.cache', 'tsconfig.build.json');
await writeFile(
  config,
  JSON.stringify({
    extends: '../tsconfig.json',
    compilerOptions: { noEmit: false, declaration: true, outDir: 'compiled', rootDir: '..' },
    include: ['../packages/*/src', '../examples/pizzeria/src'],
    exclude: ['../**/*.test.ts', '../**/node_modules', '../**/dist'],
  }),
);
const tsc = spawnSync('tsc', ['-p', config], { stdio: 'inherit', shell: process.platform === 'win32' });
if (tsc.status !== 0) process.exit(tsc.status ?? 1);

let count = 0;
for (const group of ['packages', 'examples']) {
  for (const folder of await readdir(join(root, group))) {
    const source = join(root, group, folder);
    const path = join(source, 'package.json');
    if (!existsSync(path)) continue;
    const manifest = JSON.parse(await readFile(path, 'utf8')) as Manifest;
    if (manifest.private === true) continue;
    const target = join(staged, folder);
    await mkdir(target, { recursive: true });
    await cp(join(compiled, group, folder, 'src'), join(target, 'dist'), { recursive: true });
    await copyAssets(join(source, 'src'), join(target, 'dist'));
    for (const name of ['README.md'])
      if (existsSync(join(source, name))) await cp(join(source, name), join(target, name));
    await cp(join(root, 'LICENSE'), join(target, 'LICENSE'));
    await writeFile(join(target, 'package.json'), `${JSON.stringify(publishedManifest(manifest), null, 2)}\n`);
    count += 1;
  }
}
console.log(`${count} packages in dist/`);

/** What is no source and is read at run time: realm templates, style sheets. */
async function copyAssets(from: string, to: string): Promise<void> {
  await cp(from, to, {
    recursive: true,
    filter: (path) => !/\.tsx?$/.test(path),
  });
}

function publishedManifest(manifest: Manifest): object {
  const { devDependencies: _development, exports: entries, bin, ...rest } = manifest;
  const built = (path: string): string => path.replace('./src/', './dist/').replace(/\.ts$/, '.js');
  return {
    ...rest,
    ...(entries === undefined
      ? {}
      : {
          exports: Object.fromEntries(
            Object.entries(entries).map(([name, path]) => [
              name,
              { types: built(path).replace(/\.js$/, '.d.ts'), default: built(path) },
            ]),
          ),
        }),
    ...(bin === undefined
      ? {}
      : { bin: Object.fromEntries(Object.entries(bin).map(([name, path]) => [name, built(path)])) }),
  };
}
