// The sheet in pieces that are painted once: moving it copies them, and only what comes into sight is painted.

const WIDTH = 256; // pixels
const HEIGHT = 1024;

export class Tiles {
  #painted = new Map();

  // Forget what was painted; the next ones are painted by paint(ctx, part).
  reset(paint) {
    this.paint = paint;
    this.#painted.clear();
  }

  // What lies at x, y of the sheet comes to lie at 0, 0; sizes in pixels.
  draw(ctx, { x, y, width, height }, sheet) {
    const [right, bottom] = [Math.min(x + width, sheet.width), Math.min(y + height, sheet.height)];
    const used = new Set();
    for (let row = Math.max(0, Math.floor(y / HEIGHT)); row * HEIGHT < bottom; row += 1) {
      for (let column = Math.max(0, Math.floor(x / WIDTH)); column * WIDTH < right; column += 1) {
        const key = `${column},${row}`;
        used.add(key);
        ctx.drawImage(this.#get(key, column * WIDTH, row * HEIGHT, sheet), column * WIDTH - x, row * HEIGHT - y);
      }
    }
    for (const key of this.#painted.keys()) {
      if (this.#painted.size <= 2 * used.size) break;
      if (!used.has(key)) this.#painted.delete(key);
    }
  }

  #get(key, x, y, sheet) {
    if (!this.#painted.has(key)) {
      const [width, height] = [Math.min(WIDTH, sheet.width - x), Math.min(HEIGHT, sheet.height - y)];
      const canvas = new OffscreenCanvas(width, height);
      this.paint(canvas.getContext("2d", { alpha: false }), { x, y, width, height });
      this.#painted.set(key, canvas);
    }
    return this.#painted.get(key);
  }
}
