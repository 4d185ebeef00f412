import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { describe, expect, it } from "vitest";

/**
 * The rooms of ts/ and which rooms each may enter (ARCHITECTURE.md, "The rooms"). A new room has to be entered here, with its reasons there.
 * `error` and `time` are for all.
 */
const MAY_ENTER: Record<string, readonly string[]> = {
  error: [],
  time: [],
  sip: [],
  sdp: [],
  media: [],
  net: ["sip"],
  rtp: ["media", "audio"],
  audio: ["media"],
  phone: ["sip", "sdp", "media", "net", "rtp", "audio"],
  testkit: ["sip", "sdp", "net"],
  cli: ["phone", "sip", "sdp", "media", "net", "rtp", "audio", "testkit", "index"],
  index: ["phone", "sip", "sdp", "media", "net", "rtp", "audio"],
};
const FOR_ALL = ["error", "time"];
const root = resolve(import.meta.dirname, "../../ts");

function filesIn(folder: string, extension: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(extension))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** `ts/sip/message/parse.ts` → `sip`; `ts/index.ts` → `index`. */
function roomOf(file: string): string {
  return (relative(root, file).split(sep)[0] ?? "").replace(/\.ts$/, "");
}

function importsOf(file: string): string[] {
  const source = readFileSync(file, "utf8").replaceAll(/\/\*[\s\S]*?\*\//g, "");
  return [...source.matchAll(/^\s*(?:import|export)\b[^;]*?\bfrom\s+"([^"]+)"|^\s*import\s+"([^"]+)"|\bimport\(\s*"([^"]+)"/gm)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? "",
  );
}

const files = filesIn(root, ".ts");

describe("borders between the rooms", () => {
  it.each(files.map((file) => relative(root, file)))("%s stays within them", (name) => {
    const file = join(root, name);
    const room = roomOf(file);
    const allowed = MAY_ENTER[room];
    expect(allowed, `ts/${room} is a room that test/house/borders.test.ts does not know`).toBeDefined();
    const crossings = importsOf(file)
      .filter((target) => target.startsWith("."))
      .map((target) => roomOf(resolve(dirname(file), target)))
      .filter((target) => target !== room && !FOR_ALL.includes(target) && !(allowed ?? []).includes(target));
    expect(crossings).toEqual([]);
  });

  it("only ts/media/load.ts decides which engine runs", () => {
    const deciders = files
      .filter((file) => importsOf(file).some((target) => /\/(native|binding|engine)\.ts$/.test(target)) || readFileSync(file, "utf8").includes("SIDETONE_ENGINE\""))
      .map((file) => relative(root, file).replaceAll(sep, "/"))
      .filter((file) => !["media/native.ts"].includes(file));
    expect(deciders).toEqual(["media/load.ts"]);
  });

  it("the media crate has no unsafe code, no I/O, no clock and no dependencies", () => {
    const crate = resolve(root, "../crates/media");
    const sources = filesIn(join(crate, "src"), ".rs").map((file) => readFileSync(file, "utf8"));
    expect(readFileSync(join(crate, "src/lib.rs"), "utf8")).toContain("#![forbid(unsafe_code)]");
    for (const source of sources) expect(source).not.toMatch(/std::(fs|thread|time::(Instant|SystemTime))|UdpSocket|TcpStream|napi/);
    const manifest = readFileSync(join(crate, "Cargo.toml"), "utf8");
    expect(/^\[dependencies\]\s*\n[^[\n]/m.test(manifest)).toBe(false);
  });

  it("only the addon crate knows N-API", () => {
    for (const name of ["media", "engine"]) expect(readFileSync(resolve(root, `../crates/${name}/Cargo.toml`), "utf8")).not.toContain("napi");
  });
});
