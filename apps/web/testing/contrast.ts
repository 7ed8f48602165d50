import type { Locator } from 'playwright-core';

/** The contrast (WCAG 2.2, 1.4.3) of a text with what is painted behind it, as both are drawn at this moment: 1 to 21. */
export const contrastOf = (text: Locator): Promise<number> =>
  text.evaluate((element) => {
    const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    if (!context) throw new Error('This browser draws nothing');
    /** After painting one colour over what is there: whatever notation it has, and half transparent as it may be. */
    const paint = (colour: string): number => {
      context.fillStyle = colour;
      context.fillRect(0, 0, 1, 1);
      const [red = 0, green = 0, blue = 0] = [...context.getImageData(0, 0, 1, 1).data].map((part) => {
        const share = part / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const around: Element[] = [];
    for (let at: Element | null = element; at; at = at.parentElement) around.unshift(at);
    paint('#ffffff');
    let back = 1;
    for (const each of around) back = paint(getComputedStyle(each).backgroundColor);
    const front = paint(getComputedStyle(element).color);
    return (Math.max(back, front) + 0.05) / (Math.min(back, front) + 0.05);
  });
