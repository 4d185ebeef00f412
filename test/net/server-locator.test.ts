import { describe, expect, it } from "vitest";
import { type DNS, type NAPTRRecord, NameResolutionError, ServerLocator, type ServerLocatorOptions, type SRVRecord } from "../../ts/net/index.ts";
import type { Target } from "../../ts/sip/transport/target.ts";
import type { Endpoint } from "../../ts/sip/transport/transport.ts";
import { VirtualClock } from "../../ts/testkit/VirtualClock.ts";

interface Zone {
  readonly naptr?: Record<string, NAPTRRecord[]>;
  readonly srv?: Record<string, SRVRecord[]>;
  readonly a?: Record<string, string[]>;
  readonly aaaa?: Record<string, string[]>;
}

/** DNS with just these records, which notes what it is asked. */
function zone(records: Zone): { dns: DNS; asked: string[] } {
  const asked: string[] = [];
  const answer = async <T>(kind: keyof Zone, name: string, found: readonly T[] | undefined): Promise<readonly T[]> => {
    asked.push(`${kind} ${name}`);
    // As node:dns does it.
    if (found === undefined) throw Object.assign(new Error(`query ENOTFOUND ${name}`), { code: "ENOTFOUND" });
    return found;
  };
  return {
    asked,
    dns: {
      naptr: (name) => answer("naptr", name, records.naptr?.[name]),
      srv: (name) => answer("srv", name, records.srv?.[name]),
      a: async (name) => (await answer("a", name, records.a?.[name])).map((address) => ({ address })),
      aaaa: async (name) => (await answer("aaaa", name, records.aaaa?.[name])).map((address) => ({ address })),
    },
  };
}

const naptr = (order: number, preference: number, service: string, replacement: string, flags = "s"): NAPTRRecord => ({ order, preference, flags, service, replacement });
const srv = (priority: number, weight: number, port: number, name: string): SRVRecord => ({ priority, weight, port, name });
/** `UDP 192.0.2.1:5060`, `TLS 192.0.2.1:5061 example.com`. */
const short = ({ protocol, address, port, host }: Endpoint): string => `${protocol} ${address}:${port}${host === undefined ? "" : ` ${host}`}`;

async function locate(records: Zone, target: Target, options: ServerLocatorOptions = {}): Promise<{ found: string[]; asked: string[] }> {
  const { dns, asked } = zone(records);
  const locator = new ServerLocator({ protocols: ["UDP", "TCP", "TLS"], random: () => 0.5, ...options, dns });
  return { found: (await locator.locate(target)).map(short), asked };
}

const HOSTS = { a: { "example.com": ["192.0.2.1"], "a.example.com": ["192.0.2.11"], "b.example.com": ["192.0.2.12"] } };

describe("RFC 3263 §4.1: the transport", () => {
  it("is the one that the URI names", async () => {
    for (const protocol of ["UDP", "TCP", "TLS"] as const) {
      // oxlint-disable-next-line no-await-in-loop -- one by one
      expect((await locate({}, { host: "192.0.2.9", port: 5070, protocol })).found).toEqual([`${protocol} 192.0.2.9:5070`]);
    }
  });

  it("is UDP for an address, TLS for one in a sips: URI; DNS is not asked", async () => {
    expect(await locate({}, { host: "192.0.2.9" })).toEqual({ found: ["UDP 192.0.2.9:5060"], asked: [] });
    expect(await locate({}, { host: "192.0.2.9", secure: true })).toEqual({ found: ["TLS 192.0.2.9:5061"], asked: [] });
    expect(await locate({}, { host: "[2001:db8::1]", port: 5080 })).toEqual({ found: ["UDP 2001:db8::1:5080"], asked: [] });
  });

  it("is UDP for a name with a port, TLS for one in a sips: URI; only addresses are asked for", async () => {
    expect(await locate(HOSTS, { host: "example.com", port: 5080 }, { family: 4 })).toEqual({ found: ["UDP 192.0.2.1:5080"], asked: ["a example.com"] });
    expect((await locate(HOSTS, { host: "example.com", port: 5080, secure: true }, { family: 4 })).found).toEqual(["TLS 192.0.2.1:5080 example.com"]);
  });

  it("is what we speak, for who speaks no UDP", async () => {
    expect((await locate({}, { host: "192.0.2.9" }, { protocols: ["TCP"] })).found).toEqual(["TCP 192.0.2.9:5060"]);
    expect((await locate(HOSTS, { host: "example.com", port: 5061 }, { protocols: ["TLS"], family: 4 })).found).toEqual(["TLS 192.0.2.1:5061 example.com"]);
  });

  it("is what the domain's NAPTR records prefer, by order, then by preference", async () => {
    const records = {
      ...HOSTS,
      naptr: {
        "example.com": [
          naptr(50, 50, "SIP+D2U", "_sip._udp.example.com"),
          naptr(20, 90, "SIP+D2T", "_sip._tcp.example.com"),
          naptr(20, 10, "sips+d2t", "_sips._tcp.example.com", "S"),
        ],
      },
      srv: {
        "_sips._tcp.example.com": [srv(0, 1, 5061, "a.example.com")],
        "_sip._tcp.example.com": [srv(0, 1, 5060, "a.example.com")],
        "_sip._udp.example.com": [srv(0, 1, 5060, "b.example.com")],
      },
    };
    const { found, asked } = await locate(records, { host: "example.com" }, { family: 4 });
    expect(found).toEqual(["TLS 192.0.2.11:5061 example.com", "TCP 192.0.2.11:5060", "UDP 192.0.2.12:5060"]);
    expect(asked[0]).toBe("naptr example.com");
    // What we do not speak is passed over.
    expect((await locate(records, { host: "example.com" }, { family: 4, protocols: ["UDP"] })).found).toEqual(["UDP 192.0.2.12:5060"]);
  });

  it("is TLS only for a sips: URI, whatever NAPTR prefers", async () => {
    const records = {
      ...HOSTS,
      naptr: { "example.com": [naptr(1, 1, "SIP+D2U", "_sip._udp.example.com"), naptr(2, 1, "SIPS+D2T", "_sips._tcp.example.com")] },
      srv: { "_sips._tcp.example.com": [srv(0, 1, 5061, "a.example.com")], "_sip._udp.example.com": [srv(0, 1, 5060, "a.example.com")] },
    };
    expect((await locate(records, { host: "example.com", secure: true }, { family: 4 })).found).toEqual(["TLS 192.0.2.11:5061 example.com"]);
  });

  it("follows a replacement into another domain, whose certificate must still be for the one asked for", async () => {
    const records = {
      a: { "sip.provider.net": ["198.51.100.1"] },
      naptr: { "example.com": [naptr(1, 1, "SIPS+D2T", "_sips._tcp.provider.net")] },
      srv: { "_sips._tcp.provider.net": [srv(0, 1, 5061, "sip.provider.net")] },
    };
    expect((await locate(records, { host: "example.com" }, { family: 4 })).found).toEqual(["TLS 198.51.100.1:5061 example.com"]);
  });

  it("ignores NAPTR records that are not about SIP over what we speak, or that only a program could read", async () => {
    const records = {
      ...HOSTS,
      naptr: {
        "example.com": [
          naptr(1, 1, "SIP+D2S", "_sip._sctp.example.com"),
          naptr(2, 1, "E2U+sip", "_sip._udp.example.com", "u"),
          { ...naptr(3, 1, "SIP+D2U", ""), regexp: "!.*!x!" },
        ],
      },
      srv: { "_sip._udp.example.com": [srv(0, 1, 5062, "a.example.com")] },
    };
    expect((await locate(records, { host: "example.com" }, { family: 4 })).found).toEqual(["UDP 192.0.2.11:5062"]);
  });

  it("is what SRV records there are for, without NAPTR: all that we speak, in our order", async () => {
    const records = {
      ...HOSTS,
      srv: { "_sips._tcp.example.com": [srv(0, 1, 5061, "a.example.com")], "_sip._tcp.example.com": [srv(0, 1, 5070, "b.example.com")] },
    };
    const { found, asked } = await locate(records, { host: "example.com" }, { family: 4 });
    expect(found).toEqual(["TCP 192.0.2.12:5070", "TLS 192.0.2.11:5061 example.com"]);
    expect(asked.slice(0, 4)).toEqual(["naptr example.com", "srv _sip._udp.example.com", "srv _sip._tcp.example.com", "srv _sips._tcp.example.com"]);
  });

  it("is UDP at the usual port where there is neither", async () => {
    expect((await locate(HOSTS, { host: "example.com" }, { family: 4 })).found).toEqual(["UDP 192.0.2.1:5060"]);
    expect((await locate(HOSTS, { host: "example.com", secure: true }, { family: 4 })).found).toEqual(["TLS 192.0.2.1:5061 example.com"]);
  });
});

describe("RFC 3263 §4.2: port and address", () => {
  it("of a name and a transport come from the SRV records of that transport; NAPTR is not asked", async () => {
    const records = { ...HOSTS, srv: { "_sip._tcp.example.com": [srv(0, 1, 5099, "b.example.com")] } };
    const { found, asked } = await locate(records, { host: "example.com", protocol: "TCP" }, { family: 4 });
    expect(found).toEqual(["TCP 192.0.2.12:5099"]);
    expect(asked).toEqual(["srv _sip._tcp.example.com", "a b.example.com"]);
  });

  it("without such records are the name's own addresses at the usual port", async () => {
    expect((await locate(HOSTS, { host: "example.com", protocol: "TLS" }, { family: 4 })).found).toEqual(["TLS 192.0.2.1:5061 example.com"]);
  });

  it("go by priority, and name every address of every server", async () => {
    const records = {
      a: { "a.example.com": ["192.0.2.11", "192.0.2.21"], "b.example.com": ["192.0.2.12"] },
      aaaa: { "b.example.com": ["2001:db8::12"] },
      srv: { "_sip._udp.example.com": [srv(20, 1, 5062, "a.example.com"), srv(10, 1, 5061, "b.example.com")] },
    };
    const target: Target = { host: "example.com", protocol: "UDP" };
    expect((await locate(records, target)).found).toEqual([
      "UDP 2001:db8::12:5061",
      "UDP 192.0.2.12:5061",
      "UDP 192.0.2.11:5062",
      "UDP 192.0.2.21:5062",
    ]);
    expect((await locate(records, target, { family: 4 })).found).toEqual(["UDP 192.0.2.12:5061", "UDP 192.0.2.11:5062", "UDP 192.0.2.21:5062"]);
  });

  it("pass over a server whose name leads nowhere, and fail when all do", async () => {
    const records = { ...HOSTS, srv: { "_sip._udp.example.com": [srv(1, 1, 5060, "gone.example.com"), srv(2, 1, 5060, "a.example.com")] } };
    expect((await locate(records, { host: "example.com", protocol: "UDP" }, { family: 4 })).found).toEqual(["UDP 192.0.2.11:5060"]);
    const gone = { ...HOSTS, srv: { "_sip._udp.example.com": [srv(1, 1, 5060, "gone.example.com")] } };
    await expect(locate(gone, { host: "example.com", protocol: "UDP" })).rejects.toThrow(/"gone\.example\.com".*ENOTFOUND/);
  });

  it("of a service that is decidedly not available (target `.`, RFC 2782) are none", async () => {
    const records = { ...HOSTS, srv: { "_sip._udp.example.com": [srv(0, 0, 0, ".")] } };
    await expect(locate(records, { host: "example.com", protocol: "UDP" })).rejects.toThrow("offers no SIP over UDP");
    const other = { ...HOSTS, srv: { ...records.srv, "_sip._tcp.example.com": [srv(0, 0, 5060, "a.example.com")] } };
    expect((await locate(other, { host: "example.com" }, { family: 4 })).found).toEqual(["TCP 192.0.2.11:5060"]);
  });

  it("of a name of this network only, or of this machine, come from its addresses at once", async () => {
    const a = { pbx: ["10.0.0.5"], localhost: ["127.0.0.1"] };
    expect(await locate({ a }, { host: "pbx" }, { family: 4 })).toEqual({ found: ["UDP 10.0.0.5:5060"], asked: ["a pbx"] });
    expect(await locate({ a }, { host: "localhost" }, { family: 4 })).toEqual({ found: ["UDP 127.0.0.1:5060"], asked: ["a localhost"] });
  });

  it("of a name that nobody knows are an error that names it", async () => {
    await expect(locate({}, { host: "nowhere.example.com" })).rejects.toThrow(NameResolutionError);
    await expect(locate({}, { host: "nowhere.example.com" })).rejects.toThrow(/"nowhere\.example\.com".*ENOTFOUND.*check the name/);
    await expect(locate({}, { host: "" })).rejects.toThrow("empty");
    await expect(locate({}, { host: "2001:db8::1" }, { family: 4 })).rejects.toThrow("no IPv4 address");
  });
});

describe("what DNS said", () => {
  const records = { ...HOSTS, srv: { "_sip._udp.example.com": [srv(0, 1, 5060, "a.example.com"), srv(0, 1, 5060, "b.example.com")] } };

  it("is kept for half a minute, so that a call does not wait for it again", async () => {
    const clock = new VirtualClock();
    const { dns, asked } = zone(records);
    const locator = new ServerLocator({ protocols: ["UDP"], family: 4, dns, clock });
    const target: Target = { host: "example.com", protocol: "UDP" };
    await Promise.all([locator.locate(target), locator.locate(target)]);
    const { length } = asked;
    await clock.advance(29_999);
    await locator.locate(target);
    expect(asked).toHaveLength(length);
    await clock.advance(1);
    await locator.locate(target);
    expect(asked).toHaveLength(2 * length);
  });

  it("is kept for as long as it says itself, and less when it found nothing", async () => {
    const clock = new VirtualClock();
    let asked = 0;
    const a: DNS["a"] = () => {
      asked += 1;
      return Promise.resolve([{ address: "192.0.2.1", ttl: 5 }]);
    };
    const found = new ServerLocator({ family: 4, clock, dns: { ...zone({}).dns, a } });
    for (const wait of [4999, 1, 5000]) {
      // oxlint-disable-next-line no-await-in-loop -- time passes between
      await found.locate({ host: "pbx", port: 5060 });
      // oxlint-disable-next-line no-await-in-loop
      await clock.advance(wait);
    }
    await found.locate({ host: "pbx", port: 5060 });
    expect(asked).toBe(3);
  });

  it("gives a client the same order of servers for as long as it stays the same", async () => {
    const clock = new VirtualClock();
    const { dns } = zone(records);
    const locator = new ServerLocator({ protocols: ["UDP"], family: 4, dns, clock });
    const first = (await locator.locate({ host: "example.com" })).map(short);
    for (let i = 0; i < 20; i++) {
      // oxlint-disable-next-line no-await-in-loop -- time passes between
      await clock.advance(60_000);
      // oxlint-disable-next-line no-await-in-loop
      expect((await locator.locate({ host: "example.com" })).map(short)).toEqual(first);
    }
  });
});
