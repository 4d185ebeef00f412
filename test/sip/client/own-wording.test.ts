import { describe, expect, it } from "vitest";
import { SIPRequest } from "../../../ts/sip/message/SIPRequest.ts";
import type { SIPResponse } from "../../../ts/sip/message/SIPResponse.ts";
import { SIPClient } from "../../../ts/sip/SIPClient.ts";
import { ANSWER, ended, NOTHING_LEFT, OFFER, Phone, World } from "./World.ts";

const MARK = "X-Mark";
const NEEDED = ["Contact", "Allow", "Session-Expires", "RSeq", "Require"];

class Branded extends SIPClient {
  mark = "mine";
  protected override genRegister(register: SIPRequest): void {
    register.headers.add(MARK, this.mark);
  }
  protected override genInvite(invite: SIPRequest): void {
    invite.headers.add(MARK, this.mark);
  }
  protected override genAck(ack: SIPRequest): void {
    ack.headers.add(MARK, this.mark);
  }
  protected override genBye(bye: SIPRequest): void {
    bye.headers.add(MARK, this.mark);
  }
  protected override genCancel(cancel: SIPRequest): void {
    cancel.headers.add(MARK, this.mark);
  }
  protected override genRinging(ringing: SIPResponse): void {
    ringing.headers.add(MARK, this.mark);
  }
  protected override genAnswer(answer: SIPResponse): void {
    answer.headers.add(MARK, this.mark);
  }
  protected override genBusy(busy: SIPResponse): void {
    busy.headers.add(MARK, this.mark);
  }
  protected override genOptionsResponse(response: SIPResponse): void {
    response.headers.add(MARK, this.mark);
  }
}

async function branded(world: World, options: { server?: string } = {}): Promise<{ client: Branded; phone: Phone }> {
  const client = world.client({ user: "alice", ...options, type: Branded });
  if (!(client instanceof Branded)) throw new TypeError("the world made another client");
  await world.during(client.start());
  return { client, phone: new Phone(world, client) };
}

describe("a client class of one's own", () => {
  it("words the requests of a call it places: INVITE, ACK, BYE, each once, also after a challenge", async () => {
    const world = new World();
    const { client } = await branded(world);
    const peer = await world.peer("peer");
    peer.onRequest = (request) => {
      if (request.method === "ACK") return;
      if (request.method === "INVITE" && !request.headers.has("Authorization")) {
        peer.respond(request, 401, { headers: [["WWW-Authenticate", 'Digest realm="pbx", nonce="n"']] });
      } else {
        peer.respond(request, 200, { body: "v=0 answer" });
      }
    };
    const call = client.invite(peer.uri, { body: OFFER });
    await world.clock.runUntil(() => peer.of("ACK").length === 2, 5000);
    await world.during(call.bye());
    expect(peer.of("INVITE").map(({ headers }) => headers.getAll(MARK))).toEqual([["mine"], ["mine"]]);
    expect(peer.of("ACK")[1]?.headers.getAll(MARK)).toEqual(["mine"]);
    expect(peer.of("BYE")[0]?.headers.getAll(MARK)).toEqual(["mine"]);
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("words what a caller hears: 180 and 200, or 486", async () => {
    const world = new World();
    const { client, phone } = await branded(world);
    const peer = await world.peer("peer");
    const invite = peer.request("INVITE", client, { body: "v=0 offer" });
    const call = await phone.call();
    call.ringing();
    const accepted = call.accept(ANSWER);
    await world.clock.runUntil(() => peer.statuses.includes(200), 5000);
    const final = peer.responses.find(({ statusCode }) => statusCode === 200);
    const heard = peer.responses.filter(({ statusCode }) => statusCode > 100);
    expect(heard.map(({ statusCode, headers }) => [statusCode, headers.get(MARK)])).toEqual([[180, "mine"], [200, "mine"]]);
    if (final !== undefined) peer.follow(invite, final, "ACK", client);
    await world.during(accepted);
    peer.onRequest = (request) => void peer.respond(request, 200);
    await world.during(call.bye());
    peer.responses.length = 0;
    const second = peer.request("INVITE", client, { body: "v=0 offer" });
    (await phone.call(1)).reject(486);
    await world.clock.runUntil(() => peer.statuses.includes(486), 5000);
    const busy = peer.responses.find(({ statusCode }) => statusCode === 486);
    expect(busy?.headers.get(MARK)).toBe("mine");
    if (busy !== undefined) peer.follow(second, busy, "ACK", client, { headers: [["Via", second.headers.get("Via") ?? ""]] });
    await world.clock.advance(1000);
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("sees whole what it words: Contact, Allow, Session-Expires, RSeq, and may change them", async () => {
    const seen: string[] = [];
    const desk = "<sip:desk@192.0.2.1>";
    class Curious extends SIPClient {
      protected override genRinging(ringing: SIPResponse): void {
        seen.push(`180 ${NEEDED.filter((name) => ringing.headers.has(name)).join(" ")}`);
        ringing.headers.set("Contact", desk);
      }
      protected override genAnswer(answer: SIPResponse): void {
        seen.push(`200 ${NEEDED.filter((name) => answer.headers.has(name)).join(" ")}`);
        answer.headers.set("Contact", desk);
      }
    }
    const world = new World();
    const client = world.client({ user: "alice", type: Curious, rel100: "required" });
    await world.during(client.start());
    const phone = new Phone(world, client);
    const bob = await world.phone({ user: "bob" });
    const call = bob.client.invite(`sip:alice@${client.transport.local.address}`, { body: OFFER });
    const incoming = await phone.call();
    incoming.ringing();
    await world.clock.advance(100);
    await world.during(incoming.accept(ANSWER));
    expect(seen).toEqual(["180 Contact Allow RSeq Require", "200 Contact Allow Session-Expires Require"]);
    expect(call.dialog?.remoteTarget.toString()).toBe("sip:desk@192.0.2.1");
    await world.during(incoming.bye());
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("words REGISTER, CANCEL and the answer to OPTIONS", async () => {
    const world = new World();
    const pbx = await world.peer("pbx");
    pbx.onRequest = (request) => {
      if (request.method === "INVITE") pbx.respond(request, 180);
      else if (request.method === "CANCEL") {
        pbx.respond(request, 200);
        const invite = pbx.of("INVITE")[0];
        if (invite !== undefined) pbx.respond(invite, 487);
      } else if (request.method === "REGISTER") pbx.respond(request, 200, { contact: false });
    };
    const { client } = await branded(world, { server: pbx.transport.local.address });
    expect(pbx.of("REGISTER")[0]?.headers.get(MARK)).toBe("mine");
    const call = client.invite("bob", { body: OFFER });
    await world.clock.runUntil(() => call.state === "early", 5000);
    client.cancel(call);
    await ended(world, call);
    expect(pbx.of("CANCEL")[0]?.headers.get(MARK)).toBe("mine");
    pbx.responses.length = 0;
    pbx.request("OPTIONS", client);
    await world.clock.runUntil(() => pbx.responses.length > 0, 5000);
    expect(pbx.responses[0]?.headers.get(MARK)).toBe("mine");
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("cannot smuggle a line into a call: the INVITE does not leave", async () => {
    const world = new World();
    const { client } = await branded(world);
    const peer = await world.peer("peer");
    client.mark = "a\r\nX-Evil: 1";
    const call = client.invite(peer.uri, { body: OFFER });
    expect(await ended(world, call)).toMatchObject({ by: "error", cause: "error", error: { code: "SIP_HEADER" } });
    expect(peer.requests).toEqual([]);
    client.mark = "fine";
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("cannot lose a call by a mistake in its wording: the BYE leaves without it, and the mistake is reported", async () => {
    const world = new World();
    const { client } = await branded(world);
    const peer = await world.peer("peer");
    peer.onRequest = (request) => {
      if (request.method !== "ACK") peer.respond(request, 200, { body: "v=0 answer" });
    };
    const call = client.invite(peer.uri, { body: OFFER });
    await world.clock.runUntil(() => peer.of("ACK").length === 1, 5000);
    client.mark = "a\r\nX-Evil: 1";
    await world.during(client.bye(call));
    expect(peer.of("BYE")[0]?.headers.has(MARK)).toBe(false);
    expect(world.errors).toMatchObject([{ code: "SIP_HEADER" }]);
  });
});

describe("a client asked for one thing at a time", () => {
  it("registers, takes the registration back and registers again while it runs", async () => {
    const world = new World();
    const pbx = await world.peer("pbx");
    pbx.onRequest = (request) => void pbx.respond(request, 200, { contact: false });
    const client = world.client({ user: "alice", server: pbx.transport.local.address, register: false });
    await world.during(client.start());
    expect(pbx.requests).toEqual([]);
    await world.during(client.register());
    expect(client.registrationState).toBe("registered");
    await world.during(client.register());
    await world.during(client.deregister());
    expect(client.registrationState).toBe("inactive");
    await world.during(client.register());
    expect(pbx.of("REGISTER").map(({ headers }) => headers.get("Expires"))).toEqual(["300", "300", "0", "300"]);
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("sends a request of one's own making as it is, and hears the answer", async () => {
    const world = new World();
    const { client } = await branded(world);
    const peer = await world.peer("peer");
    peer.onRequest = (request) => void peer.respond(request, 200);
    const request = SIPRequest.create({
      method: "PUBLISH",
      uri: peer.uri,
      headers: [["Max-Forwards", "70"], ["From", "<sip:me@here.example>;tag=x"], ["To", `<${peer.uri}>`], ["Call-ID", "own"], ["CSeq", "1 PUBLISH"]],
    });
    const heard: number[] = [];
    const destination = await client.send(request, (response) => heard.push(response.statusCode));
    expect(destination).toEqual(peer.transport.local);
    await world.clock.runUntil(() => heard.length > 0, 5000);
    expect(heard).toEqual([200]);
    expect(peer.of("PUBLISH")[0]?.callId).toBe("own");
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });
});
