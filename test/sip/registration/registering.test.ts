import { describe, expect, it } from "vitest";
import type { SIPRequest } from "../../../ts/sip/message/SIPRequest.ts";
import type { RegistrationInfo, RegistrationState, SIPClient } from "../../../ts/sip/SIPClient.ts";
import { NOTHING_LEFT, type Peer, type PhoneOptions, World } from "../client/World.ts";

const CHALLENGE: [string, string] = ["WWW-Authenticate", 'Digest realm="pbx", nonce="n", qop="auth", algorithm=SHA-256'];

async function registrar(options: Partial<PhoneOptions> = {}): Promise<{ world: World; pbx: Peer; client: SIPClient; states: RegistrationState[]; infos: RegistrationInfo[] }> {
  const world = new World();
  const pbx = await world.peer("pbx");
  const client = world.client({ user: "alice", server: pbx.transport.local.address, ...options });
  const states: RegistrationState[] = [];
  const infos: RegistrationInfo[] = [];
  client.onRegistrationState = (state, info) => {
    states.push(state);
    infos.push(info);
  };
  return { world, pbx, client, states, infos };
}

/** A 200 that echoes the bindings, as registrars do. */
function accept(pbx: Peer, request: SIPRequest, headers: [string, string][] = []): void {
  pbx.respond(request, 200, { contact: false, headers: [...request.headers.getAll("Contact").map((contact): [string, string] => ["Contact", contact]), ...headers] });
}

const problem = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => "it worked", (error: unknown) => error);

describe("registering", () => {
  it("answers the challenge, refreshes at 90 %, and takes the binding back at the end", async () => {
    const { world, pbx, client, states } = await registrar();
    pbx.onRequest = (request) => {
      if (request.headers.has("Authorization")) accept(pbx, request);
      else pbx.respond(request, 401, { headers: [CHALLENGE] });
    };
    await world.during(client.start());
    expect(states).toEqual(["registering", "registered"]);
    expect(client.registrationState).toBe("registered");
    const [first, second] = pbx.requests;
    expect(first?.uri.toString()).toBe(`sip:${pbx.transport.local.address}`);
    expect(first?.to.uri.toString()).toBe(`sip:alice@${pbx.transport.local.address}`);
    expect(first?.expires).toBe(300);
    expect(second?.callId).toBe(first?.callId);
    expect(second?.cseq.sequence).toBe((first?.cseq.sequence ?? 0) + 1);
    const registered = world.clock.now();
    await world.clock.runUntil(() => pbx.requests.length === 3, 300_000);
    expect(world.clock.now() - registered).toBe(270_000 + 10);
    // The nonce is still good: no second challenge.
    expect(pbx.requests[2]?.headers.has("Authorization")).toBe(true);
    await world.clock.advance(100);
    const left = await world.end();
    expect(pbx.requests[3]?.headers.get("Expires")).toBe("0");
    expect(pbx.requests[3]?.contact?.params.get("expires")).toBe("0");
    expect(states).toEqual(["registering", "registered", "registering", "registered", "deregistering", "inactive"]);
    expect(left).toEqual(NOTHING_LEFT);
  });

  it("reads its own expiry among the bindings of other phones", async () => {
    const { world, pbx, client } = await registrar();
    pbx.onRequest = (request) => {
      const own = request.headers.get("Contact")?.replace(/;expires=\d+/, ";expires=60") ?? "";
      pbx.respond(request, 200, { contact: false, headers: [["Contact", "<sip:alice@192.0.2.40>;expires=3600"], ["Contact", own], ["Contact", "<sip:alice@192.0.2.41>;expires=7"], ["Expires", "3600"]] });
    };
    await world.during(client.start());
    const registered = world.clock.now();
    await world.clock.runUntil(() => pbx.requests.length === 2, 300_000);
    expect(world.clock.now() - registered).toBe(54_000 + 10);
  });

  it("takes the Expires header where the Contact says nothing", async () => {
    const { world, pbx, client } = await registrar();
    pbx.onRequest = (request) => pbx.respond(request, 200, { contact: false, headers: [["Expires", "100"]] });
    await world.during(client.start());
    const registered = world.clock.now();
    await world.clock.runUntil(() => pbx.requests.length === 2, 300_000);
    expect(world.clock.now() - registered).toBe(90_000 + 10);
  });

  it("asks for longer when the registrar finds it too brief (423)", async () => {
    const { world, pbx, client } = await registrar({ expires: 60 });
    pbx.onRequest = (request) => {
      if ((request.expires ?? 0) < 1800) pbx.respond(request, 423, { headers: [["Min-Expires", "1800"]] });
      else accept(pbx, request);
    };
    await world.during(client.start());
    expect(pbx.requests.map((request) => request.expires)).toEqual([60, 1800]);
  });

  it("gives up at once when the password is wrong, and says so", async () => {
    const { world, pbx, client, states } = await registrar();
    pbx.onRequest = (request) => pbx.respond(request, 401, { headers: [CHALLENGE] });
    const error = await world.during(problem(client.start()));
    expect(error).toMatchObject({ name: "InvalidAccountInfoError", code: "INVALID_ACCOUNT_INFO", status: 401, user: "alice" });
    expect(pbx.requests).toHaveLength(2);
    expect(states.slice(0, 2)).toEqual(["registering", "failed"]);
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("gives up at once when the account is unknown or forbidden", async () => {
    for (const status of [403, 404]) {
      const { world, pbx, client } = await registrar();
      pbx.onRequest = (request) => pbx.respond(request, status);
      expect(await world.during(problem(client.start()))).toMatchObject({ code: "INVALID_ACCOUNT_INFO", status });
    }
  });

  it("at a server that is not there fails after three attempts, or as many as told", async () => {
    for (const [registerFailureThreshold, attempts] of [[undefined, 3], [1, 1]] as const) {
      const { world, pbx, client, states } = await registrar(registerFailureThreshold === undefined ? {} : { registerFailureThreshold });
      const error = await world.during(problem(client.start()));
      expect(error).toMatchObject({ name: "RegistrationError", code: "REGISTRATION_FAILED", status: 408 });
      expect(new Set(pbx.requests.map((request) => request.cseq.sequence)).size).toBe(attempts);
      expect(states.at(-1)).toBe("inactive");
      expect(await world.end()).toEqual(NOTHING_LEFT);
    }
  });

  it("comes back by itself when the registrar restarts", async () => {
    const { world, pbx, client, infos } = await registrar();
    let alive = true;
    pbx.onRequest = (request) => {
      if (alive) accept(pbx, request);
    };
    await world.during(client.start());
    alive = false;
    await world.clock.advance(2 * 3_600_000);
    expect(client.registrationState).toBe("registering");
    expect(infos.findLast(({ retryAt }) => retryAt !== undefined)).toMatchObject({ error: { code: "REGISTRATION_FAILED" } });
    alive = true;
    await world.clock.runUntil(() => client.registrationState === "registered", 1_800_000 + 60_000);
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("stopped while it waits for the registrar stops, and does not hang", async () => {
    const { world, client } = await registrar();
    const started = problem(client.start());
    await world.clock.advance(5000);
    const began = world.clock.now();
    await world.during(client.stop());
    expect(world.clock.now() - began).toBeLessThanOrEqual(4000);
    expect(await started).toMatchObject({ code: "REGISTRATION_FAILED" });
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("to a registrar that is gone stops after 4 s at most", async () => {
    const { world, pbx, client } = await registrar();
    pbx.onRequest = (request) => accept(pbx, request);
    await world.during(client.start());
    pbx.onRequest = undefined;
    const began = world.clock.now();
    await world.during(client.stop());
    expect(world.clock.now() - began).toBe(4000);
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });
});

/** Rewrites the Via as a registrar does that sees us as 203.0.113.9:40123. */
function seen(request: SIPRequest, address = "203.0.113.9", port = 40_123): SIPRequest {
  const copy = request.clone();
  copy.headers.set("Via", `${request.headers.get("Via")?.replace(";rport", `;rport=${port}`) ?? ""};received=${address}`);
  return copy;
}

/** The Via says where the NAT would be; the answer must reach us all the same. */
function respond(pbx: Peer, client: SIPClient, request: SIPRequest, status: number, headers: [string, string][]): void {
  const response = pbx.respond(request, status, { contact: false, headers });
  pbx.send(response, client.transport.local);
}

describe("behind a NAT", () => {
  it("the address that the challenge shows is in the Contact of the answer to it", async () => {
    const { world, pbx, client } = await registrar();
    pbx.onRequest = (request) => {
      if (request.headers.has("Authorization")) respond(pbx, client, seen(request), 200, [["Contact", request.headers.get("Contact") ?? ""]]);
      else respond(pbx, client, seen(request), 401, [CHALLENGE]);
    };
    await world.during(client.start());
    await world.clock.advance(1000);
    const [first, second] = pbx.requests;
    expect(first?.contact?.uri).toMatchObject({ host: "192.0.2.2" });
    expect(second?.contact?.uri).toMatchObject({ host: "203.0.113.9" });
    expect(client.contactFor(pbx.transport.local)).toContain("@203.0.113.9:40123;");
  });

  it("without a challenge it registers again, and the old Contact goes", async () => {
    const { world, pbx, client } = await registrar();
    pbx.onRequest = (request) => respond(pbx, client, seen(request), 200, [["Contact", request.headers.get("Contact") ?? ""]]);
    await world.during(client.start());
    await world.clock.advance(1000);
    expect(pbx.requests).toHaveLength(2);
    const [fresh, stale] = pbx.requests[1]!.contacts;
    expect(fresh?.uri).toMatchObject({ host: "203.0.113.9", port: 40_123 });
    expect(stale?.uri).toMatchObject({ host: "192.0.2.2", port: 5060 });
    expect(stale?.params.get("expires")).toBe("0");
  });

  it("that gives a new port each time does not make it register without end", async () => {
    const { world, pbx, client } = await registrar();
    let port = 40_000;
    pbx.onRequest = (request) => respond(pbx, client, seen(request, "203.0.113.9", port++), 200, [["Contact", request.headers.get("Contact") ?? ""]]);
    await world.during(client.start());
    await world.clock.advance(60_000);
    expect(pbx.requests).toHaveLength(2);
  });

  it("it pings a public registrar every half minute, so that calls get in, and no more after its end", async () => {
    for (const natted of [true, false]) {
      const { world, pbx, client } = await registrar();
      pbx.onRequest = (request) => respond(pbx, client, natted ? seen(request) : request, 200, [["Contact", request.headers.get("Contact") ?? ""]]);
      await world.during(client.start());
      const pings: number[] = [];
      world.network.onDatagram = (bytes) => {
        if (Buffer.from(bytes).toString() === "\r\n\r\n") pings.push(world.clock.now());
      };
      await world.clock.advance(240_000);
      // Without a NAT there may still be a firewall.
      expect(pings.length).toBe(9);
      pings.length = 0;
      expect(await world.end()).toEqual(NOTHING_LEFT);
      await world.clock.advance(60_000);
      expect(pings).toEqual([]);
    }
  });

  it("of a public registrar that shows a private address, the address is not believed", async () => {
    const { world, pbx, client } = await registrar();
    pbx.onRequest = (request) => respond(pbx, client, seen(request, "10.0.0.7"), 200, [["Contact", request.headers.get("Contact") ?? ""]]);
    await world.during(client.start());
    await world.clock.advance(1000);
    expect(pbx.requests).toHaveLength(1);
    expect(client.contactFor(pbx.transport.local)).toContain("@192.0.2.2:5060;");
  });
});

describe("our Contact", () => {
  it("carries a parameter that nobody can guess, new for each client", async () => {
    const world = new World();
    const [one, two] = [world.client({ user: "alice" }), world.client({ user: "alice" })].map(
      (client) => /;line=([0-9a-f]{16})>/.exec(client.contactFor(client.transport.local))?.[1],
    );
    expect(one).toBeDefined();
    expect(two).toBeDefined();
    expect(one).not.toBe(two);
  });

  it("never names a wildcard address", async () => {
    const world = new World();
    for (const address of ["0.0.0.0", "::"]) {
      const client = world.client({ user: "alice", address });
      for (const peer of ["127.0.0.1", "192.0.2.1", "::1", "2001:db8::1"]) {
        expect(client.contactFor({ address: peer, port: 5060, protocol: "UDP" })).not.toMatch(/@(0\.0\.0\.0|\[::\])/);
      }
    }
  });

  it("names the host that hostFor gives for that peer", async () => {
    const world = new World();
    const client = world.client({ user: "alice", hostFor: (remote) => (remote.startsWith("10.") ? "10.1.1.1" : "phone.example.com") });
    expect(client.contactFor({ address: "10.9.9.9", port: 5060, protocol: "UDP" })).toContain("@10.1.1.1:5060;");
    expect(client.contactFor({ address: "192.0.2.9", port: 5060, protocol: "UDP" })).toContain("@phone.example.com:5060;");
  });
});
