import { describe, expect, it } from "vitest";

import { NameResolutionError, resolveHost, TransportMode } from "../../ts/net/index.ts";

const none = (): Promise<string[]> => Promise.reject(new Error("a literal address is not looked up"));
const lookup = (host: string): Promise<string[]> =>
  Promise.resolve(host === "pbx.example.com" ? ["2001:db8::1", "192.0.2.1", "192.0.2.2", "192.0.2.1"] : []);

describe("resolving a host", () => {
  it("takes an address as it is", async () => {
    expect(await resolveHost("192.0.2.1", 5070, { lookup: none })).toEqual([{ address: "192.0.2.1", port: 5070, protocol: "UDP" }]);
    const [endpoint] = await resolveHost("[2001:db8::1]", undefined, { lookup: none });
    expect(endpoint).toEqual({ address: "2001:db8::1", port: 5060, protocol: "UDP" });
  });

  it("gives each address of a name once, in the resolver's order", async () => {
    const endpoints = await resolveHost("pbx.example.com", 5060, { lookup });
    expect(endpoints.map((endpoint) => endpoint.address)).toEqual(["2001:db8::1", "192.0.2.1", "192.0.2.2"]);
  });

  it("gives only the family that our socket speaks", async () => {
    const endpoints = await resolveHost("pbx.example.com", 5060, { lookup, family: 4 });
    expect(endpoints.map((endpoint) => endpoint.address)).toEqual(["192.0.2.1", "192.0.2.2"]);
    await expect(resolveHost("2001:db8::1", 5060, { family: 4 })).rejects.toThrow(/no IPv4 address/);
  });

  it("takes the default port of the protocol: 5060, with TLS 5061", async () => {
    const ports = await Promise.all(
      (["UDP", "TCP", "TLS"] as const).map(async (protocol) => (await resolveHost("192.0.2.1", undefined, { protocol }))[0]?.port),
    );
    expect(ports).toEqual([5060, 5060, 5061]);
  });

  it("asks the system when nothing else is given", async () => {
    const addresses = (await resolveHost("localhost", 5060)).map((endpoint) => endpoint.address);
    expect(["127.0.0.1", "::1"]).toEqual(expect.arrayContaining(addresses));
  });

  it.each([
    ["an unknown name", "nowhere.example.com", lookup, undefined, /"nowhere\.example\.com": it has no address/],
    ["an empty name", "", lookup, undefined, /empty/],
    [
      "a failed lookup",
      "pbx.example.com",
      () => Promise.reject(Object.assign(new Error("getaddrinfo EAI_AGAIN"), { code: "EAI_AGAIN" })),
      "EAI_AGAIN",
      /EAI_AGAIN; check the name/,
    ],
  ])("%s is a NameResolutionError", async (_, host, asked, systemCode, message) => {
    const error: unknown = await resolveHost(host, 5060, { lookup: asked }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NameResolutionError);
    expect(error).toMatchObject({ host, ...(systemCode === undefined ? {} : { systemCode }) });
    expect(String(error)).toMatch(message);
  });
});

describe("TransportMode", () => {
  it("knows each protocol's socket and least TLS version", () => {
    expect(TransportMode.UDP).toMatchObject({ value: "UDP", socketType: "dgram", tlsMode: null });
    expect(TransportMode.TCP).toMatchObject({ value: "TCP", socketType: "stream", tlsMode: null });
    expect(TransportMode.TLS).toMatchObject({ value: "TLS", socketType: "stream", tlsMode: "TLSv1.2" });
    expect(String(TransportMode.TLS)).toBe("TLS");
  });
});
