import { describe, expect, it } from 'vitest';
import { nearestName } from './nearest-name.ts';

describe('the nearest name', () => {
  const known = ['listPizzas', 'orderPizza', 'cancelOrder'];

  it.each([
    ['listPizas', 'listPizzas'],
    ['listpizzas', 'listPizzas'],
    ['orderPizzza', 'orderPizza'],
    ['odrerPizza', 'orderPizza'],
    ['cancel', undefined],
    ['', undefined],
    ['zzzzzzzzzz', undefined],
    ['x'.repeat(100_000), undefined],
  ])('to "%s" is %s', (name, expected) => {
    expect(nearestName(name, known)).toBe(expected);
  });
});
