// One apply in a process of its own, to be killed: the realm file on standard input, a line for each step.
import { readFileSync } from 'node:fs';
import { createGuardedFetch } from '@keyturn/net';
import { applyPlan, planRealm, showRef } from '@keyturn/realm';
import { adminAt, desiredOf } from './subject.ts';

const [, , url = ''] = process.argv;
const fetch = createGuardedFetch({ allowPrivateHosts: ['localhost', '127.0.0.1'] });
const admin = adminAt(url, fetch);
const { desired, used } = desiredOf(readFileSync(0, 'utf8'));
const planned = await planRealm(admin, desired, { used });
if (!planned.ok) throw new Error(JSON.stringify(planned.refusal));
const applied = await applyPlan({ admin, ...planned.value, onStep: (step) => console.log(showRef(step)) });
await fetch.close();
process.exitCode = applied.ok ? 0 : 1;
