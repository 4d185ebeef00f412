import { describe, expect, it } from "vitest";

import { AddressType, NAT, NATError } from "../../ts/net/index.ts";

describe("the name by which a host reaches us", () => {
  const nat = new NAT("192.168.1.5", "192.168.0.0/16", undefined, "phone.example.com");

  it("is our own address inside the network, the remote name outside", () => {
    expect(nat.getHost("192.168.200.1")).toBe("192.168.1.5");
    expect(nat.getHost("198.51.100.1")).toBe("phone.example.com");
    expect(nat.checkHost("192.168.200.1")).toBe(AddressType.LOCAL);
    expect(nat.checkHost("198.51.100.1")).toBe(AddressType.REMOTE);
  });

  it("is hostname inside, when given", () => {
    expect(new NAT("192.168.1.5", "192.168.0.0/16", "desk.lan").getHost("192.168.1.9")).toBe("desk.lan");
  });

  it("is our own address for everybody by default, on IPv6 too", () => {
    expect(new NAT("192.168.1.5").getHost("198.51.100.1")).toBe("192.168.1.5");
    expect(new NAT("2001:db8::5").getHost("2001:db8:ffff::1")).toBe("2001:db8::5");
    expect(new NAT("2001:db8::5", "::/0").getHost("198.51.100.1")).toBe("2001:db8::5");
  });

  it("is our own address for this machine itself, whatever the network", () => {
    expect(nat.checkHost("127.0.0.1")).toBe(AddressType.LOCAL);
    expect(nat.checkHost("::1")).toBe(AddressType.LOCAL);
  });

  it("counts an IPv4 peer of a dual-stack socket as IPv4", () => {
    expect(nat.checkHost("::ffff:192.168.3.4")).toBe(AddressType.LOCAL);
    expect(nat.checkHost("::ffff:198.51.100.1")).toBe(AddressType.REMOTE);
  });

  it("takes IPv6 networks, and IPv6 in brackets", () => {
    const six = new NAT("fd00::5", "fd00::/8", undefined, "2001:db8::5");
    expect(six.getHost("[fd12::1]")).toBe("fd00::5");
    expect(six.getHost("2001:db8:1::1")).toBe("2001:db8::5");
    expect(six.getHost("fd00::7%eth0")).toBe("fd00::5");
  });
});

describe("NATError tells what, where, and what to do", () => {
  it.each([
    ["a host outside, no remoteHostname", () => new NAT("10.0.0.5", "10.0.0.0/8").getHost("192.0.2.1"), "192.0.2.1", /set remoteHostname/],
    ["a wildcard for a name", () => new NAT("0.0.0.0").getHost("198.51.100.1"), "198.51.100.1", /set hostname, or bind one address/],
    ["the other wildcard", () => new NAT("::").getHost("2001:db8::1"), "2001:db8::1", /set hostname/],
    ["a name instead of an address", () => new NAT("10.0.0.5").checkHost("pbx.example.com"), "pbx.example.com", /resolve the name first/],
    ["no network", () => new NAT("10.0.0.5", "10.0.0.0/33"), '"10.0.0.0/33"', /address\/prefix/],
    ["a word for a network", () => new NAT("10.0.0.5", "lan"), '"lan"', /address\/prefix/],
  ])("%s", (_, action, host, remedy) => {
    let error: unknown;
    try {
      action();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(NATError);
    expect(error).toMatchObject({ code: "NAT", host });
    expect(String(error)).toMatch(remedy);
  });
});
