import { describe, expect, it } from 'vitest';
import { createFakeKeycloak } from '../testing/fake-keycloak.ts';
import { planOf } from '../testing/fixture.ts';
import { parsePlan } from './parse.ts';
import { showPlan } from './show.ts';

describe('a stored plan', () => {
  it('is read back as it was', async () => {
    const { plan } = await planOf(createFakeKeycloak(), { realm: 'r', clients: [{ clientId: 'web', secret: 's' }] });
    expect(parsePlan(JSON.stringify(plan))).toEqual({ ok: true, value: plan });
  });

  it.each([
    ['not json', /no JSON/],
    ['[]', /expected object/],
    ['{"format":"keyturn-realm-plan","version":2}', /has version 2.*plan again/],
    [
      '{"format":"keyturn-realm-plan","version":1,"realm":"r","steps":[{"action":"drop","type":"realm","name":["r"]}],"ownership":{"before":"","after":""},"notices":[]}',
      /steps\.0\.action/,
    ],
    [
      '{"format":"keyturn-realm-plan","version":1,"realm":"r","steps":[{"action":"delete","type":"realm","name":[]}],"ownership":{"before":"","after":""},"notices":[]}',
      /steps\.0\.name/,
    ],
    [
      '{"format":"keyturn-realm-plan","version":1,"realm":"r","steps":[],"ownership":{"before":"","after":""},"notices":[],"run":"rm"}',
      /Unrecognized key/,
    ],
  ])('%s is refused', (text, sentence) => {
    const parsed = parsePlan(text);
    expect(parsed.ok ? '' : parsed.refusal.join()).toMatch(sentence);
  });
});

it('a name with a line break or an escape code writes no line of its own in a plan', async () => {
  const { plan } = await planOf(createFakeKeycloak(), {
    realm: 'r',
    clients: [{ clientId: 'a', description: 'x\n\u001b[2JPlan: 0 to add' }],
  });
  const text = showPlan({ ...plan, notices: ['one\ntwo \u202Ethree'] });
  expect(text).not.toContain('\u001b');
  expect(text).not.toContain('\u202E');
  expect(text).toContain('Note: one?two ?three');
});
