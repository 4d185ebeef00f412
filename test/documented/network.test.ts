import { expect, it } from "vitest";
import { AddressType, CredentialsManager, NAT, NATError, TransportMode } from "../../ts/index.ts";

it("CredentialsManager without a match gives anonymous with an empty password (RFC 3261 §22.1)", () => {
  expect(new CredentialsManager().get("pbx", "realm", "alice")).toEqual({ username: "anonymous", password: "" });
});

it("CredentialsManager.add takes filters; one left out matches anything", () => {
  const credentials = new CredentialsManager();
  credentials.add("anywhere", "1");
  credentials.add("there", "2", "sip.example.net");
  credentials.add("for bob", "3", undefined, undefined, "bob");
  expect(credentials.get("pbx", "r", "alice")).toEqual({ username: "anywhere", password: "1" });
  expect(credentials.get("sip.example.net", "r", "alice").username).toBe("there");
  expect(credentials.get("pbx", "r", "bob").username).toBe("for bob");
});

it("CredentialsManager.get prefers the most specific: by server, then realm, then user", () => {
  const credentials = new CredentialsManager();
  credentials.add("user", "", undefined, undefined, "bob");
  credentials.add("realm", "", undefined, "r");
  credentials.add("realm and user", "", undefined, "r", "bob");
  credentials.add("server", "", "pbx");
  expect([credentials.get("x", "y", "bob"), credentials.get("x", "r", "eve"), credentials.get("x", "r", "bob"), credentials.get("pbx", "r", "bob")].map(({ username }) => username)).toEqual(["user", "realm", "realm and user", "server"]);
});

it("NAT knows names for inside and outside", () => {
  expect(new NAT("192.168.1.5", "192.168.0.0/16", "desk", "phone.example.com")).toMatchObject({
    bindIp: "192.168.1.5", network: "192.168.0.0/16", hostname: "desk", remoteHostname: "phone.example.com",
  });
});

it("NAT.getHost is the name by which a host reaches us", () => {
  const nat = new NAT("192.168.1.5", "192.168.0.0/16", undefined, "phone.example.com");
  expect([nat.getHost("192.168.7.7"), nat.getHost("198.51.100.1")]).toEqual(["192.168.1.5", "phone.example.com"]);
});

it("NAT.checkHost tells which AddressType a host has: LOCAL inside, REMOTE outside", () => {
  const nat = new NAT("192.168.1.5", "192.168.0.0/16");
  expect([nat.checkHost("192.168.7.7"), nat.checkHost("198.51.100.1")]).toEqual([AddressType.LOCAL, AddressType.REMOTE]);
});

it("NATError is thrown for a host outside without a remoteHostname", () => {
  expect(() => new NAT("192.168.1.5", "192.168.0.0/16").getHost("198.51.100.1")).toThrow(NATError);
});

it("TransportMode has UDP, TCP and TLS, with value, socket type and least version", () => {
  expect([TransportMode.UDP, TransportMode.TCP, TransportMode.TLS].map(({ value, socketType, tlsMode }) => [value, socketType, tlsMode])).toEqual([
    ["UDP", "dgram", null],
    ["TCP", "stream", null],
    ["TLS", "stream", "TLSv1.2"],
  ]);
});
