import { describe, expect, it } from "vitest";
import type { SIPRequest } from "../../../ts/sip/message/SIPRequest.ts";
import { NOTHING_LEFT, type Peer, type Phone, World } from "../client/World.ts";

const CHALLENGE: [string, string] = ["WWW-Authenticate", 'Digest realm="pbx", nonce="n", qop="auth"'];

/** A peer that takes subscriptions with credentials; the first NOTIFY is the test's to send. */
async function notifier(): Promise<{ world: World; alice: Phone; pbx: Peer }> {
  const world = new World();
  const pbx = await world.peer("pbx");
  const alice = await world.phone({ user: "alice" });
  pbx.onRequest = (request) => {
    if (!request.headers.has("Authorization")) pbx.respond(request, 401, { headers: [CHALLENGE] });
    else pbx.respond(request, 200, { headers: [["Expires", request.headers.get("Expires") ?? ""]] });
  };
  return { world, alice, pbx };
}

function notify(pbx: Peer, alice: Phone, subscribe: SIPRequest | undefined, state: string, body?: string): void {
  pbx.request("NOTIFY", alice.client, {
    uri: subscribe?.contact?.uri.toString() ?? "",
    headers: [
      ["From", `${subscribe?.headers.get("To")?.replace(/;tag=.*/, "")};tag=peer-tag`],
      ["To", subscribe?.headers.get("From") ?? ""],
      ["Call-ID", subscribe?.callId ?? ""],
      ["Event", "message-summary"],
      ["Subscription-State", state],
    ],
    ...(body === undefined ? {} : { body }),
  });
}

describe("subscribing", () => {
  it("hears what the notifier tells, asks again before the time is over, and unsubscribes", async () => {
    const { world, alice, pbx } = await notifier();
    const heard: string[] = [];
    const mail = alice.client.subscribe(pbx.uri, "message-summary", { expires: 600 });
    mail.onNotify = (request) => heard.push(request.bodyText);
    await world.clock.runUntil(() => pbx.of("SUBSCRIBE").length === 2, 5000);
    const [, second] = pbx.of("SUBSCRIBE");
    expect(second?.headers.get("Event")).toBe("message-summary");
    notify(pbx, alice, second, "active;expires=600", "1 new");
    await world.clock.runUntil(() => heard.length === 1, 5000);
    expect(heard).toEqual(["1 new"]);
    expect(mail.state).toBe("active");
    const began = world.clock.now();
    await world.clock.runUntil(() => pbx.of("SUBSCRIBE").length > 2, 600_000);
    expect(world.clock.now() - began).toBeGreaterThan(539_000);
    expect(world.clock.now() - began).toBeLessThan(541_000);
    const refresh = pbx.of("SUBSCRIBE").at(-1);
    expect(refresh?.to.tag).toBe("peer-tag");
    expect(refresh?.callId).toBe(second?.callId);
    expect(refresh?.cseq.sequence).toBeGreaterThan(second?.cseq.sequence ?? 0);
    await world.clock.advance(1000);
    const over = mail.unsubscribe();
    await world.clock.advance(100);
    expect(pbx.of("SUBSCRIBE").at(-1)?.headers.get("Expires")).toBe("0");
    notify(pbx, alice, second, "terminated;reason=timeout");
    expect(await world.during(over)).toEqual({ cause: "local", reason: "timeout" });
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("tells the client when nobody listens to the subscription itself, and why it is over", async () => {
    const { world, alice, pbx } = await notifier();
    const heard: string[] = [];
    alice.client.onNotify = (request) => {
      heard.push(request.headers.get("Subscription-State") ?? "");
      return undefined;
    };
    const mail = alice.client.subscribe(pbx.uri, "message-summary");
    await world.clock.runUntil(() => pbx.of("SUBSCRIBE").length === 2, 5000);
    notify(pbx, alice, pbx.of("SUBSCRIBE")[1], "terminated;reason=noresource");
    expect(await world.during(mail.ended)).toEqual({ cause: "notifier", reason: "noresource" });
    expect(heard).toEqual(["terminated;reason=noresource"]);
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });

  it("is over when it is refused, or when no NOTIFY ever comes", async () => {
    const { world, alice, pbx } = await notifier();
    const silent = alice.client.subscribe(pbx.uri, "message-summary");
    expect(await world.during(silent.ended)).toEqual({ cause: "timeout" });
    pbx.onRequest = (request) => void pbx.respond(request, 489);
    const refused = alice.client.subscribe(pbx.uri, "nonsense");
    expect(await world.during(refused.ended)).toMatchObject({ cause: "refused", status: 489 });
    expect(await world.end()).toEqual(NOTHING_LEFT);
  });
});
