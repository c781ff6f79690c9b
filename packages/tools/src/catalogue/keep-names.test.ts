import { describe, expect, it } from 'vitest';
import { toolsOf } from '../trial/sample.ts';
import { keepNames } from './keep-names.ts';

const operation = (operationId: string) => ({ operationId, responses: {} });

describe('names across readings', () => {
  it('stay where a document gains a second operation of the same name', async () => {
    const before = await toolsOf({ paths: { '/a': { get: operation('list') } } });
    const read = await toolsOf({ paths: { '/b': { get: operation('list') }, '/a': { get: operation('list') } } });
    expect(read.map((tool) => tool.operationId)).not.toContain('list');
    const [second, first] = keepNames(read, before);
    expect([first?.operationId, first?.mcpName, first?.path]).toEqual(['list', before[0]?.mcpName, '/a']);
    expect(second?.operationId).toMatch(/^list_[0-9a-f]{8}$/);
    // Named as before, it is the same tool as before: its hash is too.
    expect(first?.hash).toBe(before[0]?.hash);
  });

  it('stay where the document loses the other operation of the name, whose grants it would inherit', async () => {
    const both = { '/a': { get: operation('list') }, '/b': { get: operation('list') } };
    const before = await toolsOf({ paths: both });
    const read = await toolsOf({ paths: { '/b': both['/b'] } });
    expect(read[0]?.operationId).toBe('list');
    expect(keepNames(read, before)[0]).toEqual(before[1]);
  });

  it('change where the author changes them, and nowhere else', async () => {
    const before = await toolsOf({ paths: { '/a': { get: operation('list') }, '/b': { get: operation('read') } } });
    const read = await toolsOf({ paths: { '/a': { get: operation('list_all') }, '/b': { get: operation('read') } } });
    expect(keepNames(read, before)).toEqual(read);
  });

  it('never give one name to two', async () => {
    const before = await toolsOf({ paths: { '/a': { get: operation('x') } } });
    const read = await toolsOf({ paths: { '/a': { get: operation('x_0a1b2c3d') }, '/b': { get: operation('x') } } });
    expect(keepNames(read, before).map((tool) => tool.operationId)).toEqual(['x_0a1b2c3d', 'x']);
  });
});
