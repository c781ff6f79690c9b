// npm run bench -- NAME
interface Bench {
  run(): Promise<{ line: string; ok: boolean }>;
}

const benches = ['spine', 'verify', 'idp', 'realm', 'edge', 'tools', 'requests', 'rbac', 'revocation'];
const name = process.argv[2];
if (name === undefined || !benches.includes(name)) {
  console.error(`usage: npm run bench -- NAME\nbenches: ${benches.join(' ')}\nBENCH_QUICK=1 takes fewer rounds.`);
  process.exit(name === '--help' || name === '-h' ? 0 : 2);
}
const bench = (await import(`./${name}/run.ts`).catch((error: NodeJS.ErrnoException) => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND' || !error.message.includes(`bench/${name}/run.ts`)) throw error;
  console.error(`the bench ${name} is not written yet`);
  process.exit(2);
})) as Bench;
const { line, ok } = await bench.run();
console.log(line);
process.exitCode = ok ? 0 : 1;
