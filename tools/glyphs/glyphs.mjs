// Writes libs/Realign.World/Glyphs/glyphs.bin: luminance and alpha of the embedded world's 24 icons.
// Source: the SVG bodies of Fluent Emoji flat (Microsoft, MIT), npm @iconify-json/fluent-emoji-flat, in the version that package-lock.json pins.
//   cd tools/glyphs && npm ci --ignore-scripts && npm run glyphs
// Format: raw deflate of 24 x (96 x 96 luminance bytes, then 96 x 96 alpha bytes), row-major, in the order of the table below,
// which is the order of Realign.World.Glyphs.Nouns. Luminance is Rec. 601 of the unpremultiplied sRGB bytes, 0 where alpha is 0.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { deflateRawSync } from "node:zlib";
import { Resvg } from "@resvg/resvg-js";

const size = 96;
const icons = {
  car: "automobile", bus: "bus", airplane: "airplane", sailboat: "sailboat", bicycle: "bicycle", cat: "cat", dog: "dog", elephant: "elephant",
  horse: "horse", bird: "bird", fish: "tropical-fish", rabbit: "rabbit", apple: "red-apple", banana: "banana", chair: "chair", book: "closed-book",
  umbrella: "umbrella", house: "house", tree: "deciduous-tree", turtle: "turtle", guitar: "guitar", clock: "alarm-clock", duck: "duck",
  backpack: "backpack",
};

const set = JSON.parse(readFileSync(createRequire(import.meta.url).resolve("@iconify-json/fluent-emoji-flat/icons.json"), "utf8"));
const planes = [];
for (const [noun, name] of Object.entries(icons)) {
  const icon = set.icons[name];
  if (!icon) throw new Error(`no icon ${name} for ${noun}`);
  const side = icon.width ?? set.width ?? 16;
  const box = `0 0 ${side} ${icon.height ?? set.height ?? side}`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}" viewBox="${box}">${icon.body}</svg>`;
  const { pixels } = new Resvg(svg).render();
  const luminance = Buffer.alloc(size * size);
  const alpha = Buffer.alloc(size * size);
  for (let i = 0; i < size * size; i++) {
    const [r, g, b, a] = pixels.subarray(4 * i, 4 * i + 4);
    alpha[i] = a;
    // resvg's pixels are premultiplied
    if (a > 0) luminance[i] = Math.min(255, Math.round((0.299 * r + 0.587 * g + 0.114 * b) * 255 / a));
  }
  planes.push(luminance, alpha);
}

const target = new URL("../../libs/Realign.World/Glyphs/glyphs.bin", import.meta.url);
const packed = deflateRawSync(Buffer.concat(planes), { level: 9 });
writeFileSync(target, packed);
console.log(`${target.pathname}: ${Object.keys(icons).length} glyphs, ${packed.length} bytes`);
