import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

describe.each([
  ["rfc4475", 49],
  ["rfc5118", 12],
])("the messages of %s", (rfc, count) => {
  const folder = new URL(`../../vectors/sip/${rfc}/`, import.meta.url);

  it("are as the RFC has them, byte for byte", () => {
    const sums = readFileSync(new URL("SHA256SUMS", folder), "utf8").trim().split("\n");
    const actual = readdirSync(folder)
      .filter((name) => name.endsWith(".dat"))
      .toSorted()
      .map(
        (name) =>
          `${createHash("sha256")
            .update(readFileSync(new URL(name, folder)))
            .digest("hex")}  ${name}`,
      );
    expect(actual).toEqual(sums.toSorted((a, b) => (a.slice(66) < b.slice(66) ? -1 : 1)));
    expect(actual).toHaveLength(count);
  });
});
