import { describe, expect, it } from 'vitest';
import { style } from './style.ts';

type Palette = Readonly<Record<string, string>>;

function paletteOf(rule: string): Palette {
  const pairs = [...rule.matchAll(/--([\w-]+):(#[0-9a-f]{3,6})/g)].map(([, name = '', colour = '']) => [name, colour]);
  return Object.fromEntries(pairs);
}

const [light = '', dark = ''] = [...style.matchAll(/:root\{([^}]*)\}/g)].map((it) => it[1]);
const palettes: readonly (readonly [string, Palette])[] = [
  ['light', paletteOf(light)],
  ['dark', paletteOf(dark)],
];

// WCAG 2.2, "relative luminance" and "contrast ratio".
function luminance(colour: string): number {
  const hex = colour.length === 4 ? colour.slice(1).replace(/./g, '$&$&') : colour.slice(1);
  const [r = 0, g = 0, b = 0] = [0, 2, 4].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(palette: Palette, one: string, other: string): number {
  const [lighter = 0, darker = 0] = [one, other].map((it) => luminance(palette[it] ?? '#000')).sort((a, b) => b - a);
  return (lighter + 0.05) / (darker + 0.05);
}

describe.each(palettes)('the %s colours', (_name, palette) => {
  it.each([
    ['ink', 'card'],
    ['ink', 'ground'],
    ['soft', 'card'],
    ['soft', 'ground'],
    ['link', 'card'],
    ['accent-ink', 'accent'],
    ['accent-ink', 'accent-deep'],
    ['bad', 'bad-ground'],
    ['bad', 'card'],
    ['good', 'good-ground'],
    ['note', 'note-ground'],
  ])('let text in %s be read on %s (WCAG AA, 4.5:1)', (text, ground) => {
    expect(contrast(palette, text, ground)).toBeGreaterThanOrEqual(4.5);
  });

  it.each([
    ['edge', 'card'],
    ['accent', 'card'],
    ['accent', 'ground'],
    ['bad', 'card'],
  ])('let edges and focus in %s be seen on %s (WCAG AA, 3:1)', (line, ground) => {
    expect(contrast(palette, line, ground)).toBeGreaterThanOrEqual(3);
  });
});
