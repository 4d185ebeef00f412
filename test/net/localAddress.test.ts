import { createSocket } from "node:dgram";
import { once } from "node:events";
import { describe, expect, it } from "vitest";

import { localAddressTowards, NameResolutionError, NATError } from "../../ts/net/index.ts";

describe("our address towards a host", () => {
  it.each([
    ["127.0.0.1", "127.0.0.1"],
    ["127.9.8.7", "127.0.0.1"],
    ["::1", "::1"],
    ["[::1]", "::1"],
  ])("%s → %s", async (host, address) => {
    expect(await localAddressTowards(host)).toBe(address);
  });

  it("is that of the first address of a name that has a route", async () => {
    // Connecting a plain socket to the broadcast address is refused, like an address without a route.
    const addresses = ["255.255.255.255", "127.0.0.1"];
    expect(await localAddressTowards("pbx.example.com", { lookup: () => Promise.resolve(addresses) })).toBe("127.0.0.1");
  });

  it("is found without sending a packet", async () => {
    const listener = createSocket("udp4");
    const heard: string[] = [];
    listener.on("message", (message) => heard.push(message.toString()));
    try {
      listener.bind(0, "127.0.0.1");
      await once(listener, "listening");
      expect(await localAddressTowards("127.0.0.1")).toBe("127.0.0.1");
      // What is sent to a loopback socket arrives in order: had there been a packet before this one, it would come first.
      const probe = createSocket("udp4");
      const arrival = once(listener, "message");
      probe.send("probe", listener.address().port, "127.0.0.1");
      await arrival;
      probe.close();
      expect(heard).toEqual(["probe"]);
    } finally {
      listener.close();
    }
  });

  it("is a NATError where no route leads", async () => {
    const error: unknown = await localAddressTowards("255.255.255.255").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NATError);
    expect(String(error)).toMatch(/255\.255\.255\.255: there is no route to it .*set bindIp/);
  });

  it("is a NameResolutionError for a name without an address", async () => {
    const failure = new Error("not found");
    await expect(localAddressTowards("nowhere.invalid", { lookup: () => Promise.reject(failure) })).rejects.toThrow(NameResolutionError);
  });
});
