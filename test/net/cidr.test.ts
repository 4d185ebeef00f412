import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { CIDR } from "../../ts/net/index.ts";

describe("a network in CIDR notation", () => {
  it.each([
    ["10.0.0.0/8", "10.255.255.255", true],
    ["10.0.0.0/8", "11.0.0.0", false],
    ["10.1.2.3/8", "10.9.9.9", true],
    ["192.0.2.1", "192.0.2.1", true],
    ["192.0.2.1", "192.0.2.2", false],
    ["2001:db8::/32", "2001:db8:ffff::", true],
    ["2001:db8::/32", "2001:db9::", false],
    ["2001:db8::/32", "192.0.2.1", false],
    ["10.0.0.0/8", "2001:db8::1", false],
    ["0.0.0.0/0", "2001:db8::1", true],
    ["::/0", "192.0.2.1", true],
    ["10.0.0.0/8", "pbx.example.com", false],
    ["0.0.0.0/0", "pbx.example.com", false],
  ])("%s holds %s: %s", (network, address, inside) => {
    expect(new CIDR(network).contains(address)).toBe(inside);
  });

  it.each(["", "10.0.0.0/", "10.0.0.0/x", "10.0.0/8", "10.0.0.0/33", "::/129", "10.0.0.0/8/8", "-1.0.0.0/8"])("%j is none", (text) => {
    expect(() => new CIDR(text)).toThrow(/no network/);
  });

  it("holds exactly the addresses that share its first bits", () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV4(), fc.integer({ min: 1, max: 32 }), (network, address, prefix) => {
        const same = bits(network).slice(0, prefix) === bits(address).slice(0, prefix);
        expect(new CIDR(`${network}/${prefix}`).contains(address)).toBe(same);
      }),
    );
  });
});

function bits(address: string): string {
  return address
    .split(".")
    .map((byte) => Number(byte).toString(2).padStart(8, "0"))
    .join("");
}
