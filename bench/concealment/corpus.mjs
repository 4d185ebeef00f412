// @ts-check
// Speech at 8,000 Hz: the project's own, and what this machine can speak or has been told to say.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SENTENCES = [
  ["en-us", "The quick brown fox jumps over the lazy dog, while seven wizards quietly mix a potion by the window."],
  ["en-us+f3", "She had your dark suit in greasy wash water all year, and nobody asked her why."],
  ["de", "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich, und morgen beginnt alles von vorn."],
  ["fr+f2", "Portez ce vieux whisky au juge blond qui fume, puis revenez me voir avant midi."],
  ["es", "El veloz murciélago hindú comía feliz cardillo y kiwi, la cigüeña tocaba el saxofón."],
  ["ru+f4", "Съешь же ещё этих мягких французских булок, да выпей чаю."],
];
const ASTERISK = "/usr/share/asterisk/sounds/en";

/** @returns {{ name: string, samples: Int16Array }[]} */
export function corpus() {
  const assets = fileURLToPath(new URL("../../assets", import.meta.url));
  const files = readdirSync(assets)
    .filter((file) => file.endsWith(".wav"))
    .map((file) => join(assets, file));
  if (existsSync(ASTERISK)) {
    const announcements = ["vm-intro.wav", "tt-weasels.wav", "demo-congrats.wav", "vm-options.wav"].map((file) => join(ASTERISK, file));
    files.push(...announcements.filter((file) => existsSync(file)));
  }
  const read = files.map((file) => ({ name: file, samples: toNarrowband(readFileSync(file)) }));
  const spoken = SENTENCES.flatMap(([voice = "", text = ""]) => {
    const { status, stdout } = spawnSync("espeak-ng", ["-v", voice, "--stdout", text], { maxBuffer: 2 ** 26 });
    return status === 0 ? [{ name: `espeak-ng ${voice}`, samples: toNarrowband(stdout) }] : [];
  });
  return [...read, ...spoken];
}

/** 16-bit mono WAV to 8,000 Hz. @param {Buffer} wav @returns {Int16Array} */
function toNarrowband(wav) {
  const rate = wav.readUInt32LE(24);
  const start = wav.indexOf("data", 12, "latin1") + 8;
  const input = Array.from({ length: Math.floor((wav.length - start) / 2) }, (_, index) => wav.readInt16LE(start + 2 * index));
  if (rate === 8_000) return Int16Array.from(input);
  // A windowed sinc with its edge at 3,600 Hz.
  const step = rate / 8_000;
  const half = 64;
  const edge = (2 * 3_600) / rate;
  return Int16Array.from({ length: Math.floor(input.length / step) }, (_, index) => {
    const centre = index * step;
    let sum = 0;
    for (let at = Math.ceil(centre - half); at <= centre + half; at++) {
      const away = at - centre;
      const sinc = away === 0 ? 1 : Math.sin(Math.PI * edge * away) / (Math.PI * edge * away);
      sum += (input[at] ?? 0) * edge * sinc * (0.5 + 0.5 * Math.cos((Math.PI * away) / half));
    }
    return Math.max(-32_768, Math.min(32_767, Math.round(sum)));
  });
}
