import { describe, expect, it } from 'vitest';
import type { ToolHead } from './kept-tool.ts';
import { type ReadTool, settleReading } from './settle.ts';

const home = 'https://api.example';

function read(operation: string, hash = 'one', origin = home): ReadTool {
  return { operation, mcpName: operation, method: 'GET', path: `/${operation}`, origin, hash, json: '{}' };
}

function kept(operation: string, more: Partial<ToolHead> = {}): ToolHead {
  return {
    operation,
    mcpName: operation,
    method: 'GET',
    path: `/${operation}`,
    origin: home,
    hash: 'one',
    acceptedHash: 'one',
    enabled: true,
    gone: false,
    firstSeenAt: 0,
    changedAt: 0,
    acceptedAt: 0,
    acceptedBy: 'admin',
    ...more,
  };
}

const auto = { review: 'auto', first: false, serverGiven: false, origin: home } as const;
const review = { ...auto, review: 'review' } as const;
const pendingOf = (...given: Parameters<typeof settleReading>) => settleReading(...given).diff.pending;

describe('a reading', () => {
  it('that is as before changes nothing', () => {
    const settled = settleReading([kept('a')], [read('a')], review);
    expect([settled.inserts, settled.updates, settled.gone]).toEqual([[], [], []]);
  });

  it('is accepted as it is by whoever registers the source, wherever it leads', () => {
    expect(pendingOf([], [read('a', 'one', 'https://else.example')], { ...review, first: true })).toEqual([]);
  });

  it('waits under review, but for what was accepted before', () => {
    const heads = [
      kept('a', { hash: 'two' }),
      kept('b', { gone: true }),
      kept('c', { gone: true, acceptedHash: undefined }),
    ];
    expect(pendingOf(heads, [read('a'), read('b'), read('c'), read('d')], review)).toEqual(['c', 'd']);
  });

  it('is taken over on auto, but for calls to an origin that nobody has given or accepted', () => {
    const moved = read('a', 'two', 'https://else.example');
    expect(pendingOf([kept('a')], [read('a', 'two'), read('b')], auto)).toEqual([]);
    expect(pendingOf([kept('a')], [moved], auto)).toEqual(['a']);
    expect(pendingOf([kept('a')], [moved], { ...auto, serverGiven: true })).toEqual([]);
    expect(pendingOf([kept('a')], [moved], { ...auto, origin: 'https://else.example' })).toEqual([]);
    // What merely waits at an origin does not open it.
    const waiting = kept('b', { origin: 'https://else.example', acceptedHash: undefined });
    expect(pendingOf([kept('a'), waiting], [moved, read('b', 'one', 'https://else.example')], auto)).toEqual([
      'a',
      'b',
    ]);
  });

  it('does not accept what waits already, when the policy becomes auto', () => {
    expect(pendingOf([kept('a', { acceptedHash: undefined })], [read('a')], auto)).toEqual(['a']);
  });
});
