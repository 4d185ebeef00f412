import { afterEach, describe, expect, it } from "vitest";
import { SIPClient, type SIPRequest, VoIPCall, type VoIPPhone } from "../../ts/index.ts";
import { Answering, talk } from "./calls.ts";
import { newPhone, next, shareAt, sine, startRegistrar, within } from "./support.ts";

const MOVED = "127.0.0.2";
const phones: VoIPPhone[] = [];

afterEach(async () => {
  await Promise.all(phones.splice(0).map((each) => each.stop()));
});

/** What a phone sent, as text. */
function listen(): { sent: string[]; trace: NonNullable<Parameters<typeof newPhone>[2]>["trace"] } {
  const sent: string[] = [];
  return {
    sent,
    trace: ({ direction, bytes }) => {
      if (direction === "out") sent.push(Buffer.from(bytes).toString());
    },
  };
}

/** The next second that is heard. */
async function hear(call: VoIPCall): Promise<Int16Array> {
  const bytes = await within(8000, "a second of audio", call.readAudio(16_000));
  return new Int16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
}

describe("a phone that moves to another address", () => {
  it("keeps its call: registers, re-INVITEs, and both hear each other as before", async () => {
    const registrar = await startRegistrar();
    const { sent, trace } = listen();
    const alice = newPhone("alice", registrar, { trace, audioFormat: "s16le" });
    const bob = newPhone("bob", registrar, { callClass: Answering, audioFormat: "s16le" });
    phones.push(alice, bob);
    await Promise.all([alice.start(), bob.start()]);
    const port = alice.localEndpoint?.port;
    const [call, theirs] = await talk(alice, bob, "bob");
    sent.length = 0;

    await within(10_000, "recovery", alice.recover({ bindIp: MOVED }));

    expect(alice.localEndpoint).toMatchObject({ address: MOVED, port });
    expect(alice.getStatus()).toBe("REGISTERED");
    const register = sent.find((message) => message.startsWith("REGISTER "));
    expect(register).toMatch(new RegExp(`^Contact: .*@${MOVED.replaceAll(".", "\\.")}:${port}`, "m"));
    const invite = sent.find((message) => message.startsWith("INVITE "));
    expect(invite).toContain(`@${MOVED}:${port}`);
    expect(invite).toContain(`c=IN IP4 ${MOVED}`);
    expect(sent.join("\n")).not.toMatch(/^Via: .*127\.0\.0\.1/m);

    const tone = Buffer.from(sine(440, 3).buffer);
    call.writeAudio(tone);
    theirs.writeAudio(Buffer.from(sine(1000, 3).buffer));
    await Promise.all([hear(call), hear(theirs)]);
    const [ours, others] = await Promise.all([hear(call), hear(theirs)]);
    expect(shareAt(1000, ours)).toBeGreaterThan(0.9);
    expect(shareAt(440, others)).toBeGreaterThan(0.9);
    await Promise.all([next(theirs, "ended"), call.hangup()]);
    // And it can still be called.
    const again = await bob.call("alice");
    expect((await next(again, "ended"))[0]).toMatchObject({ status: 486 });
    await Promise.all(phones.splice(0).map((each) => each.stop()));
    await registrar.stop();
  }, 30_000);

  it("keeps the media socket that is bound to every address", async () => {
    const registrar = await startRegistrar();
    const { sent, trace } = listen();
    const alice = newPhone("alice", registrar, { trace, bindIp: "0.0.0.0" });
    const bob = newPhone("bob", registrar, { callClass: Answering });
    phones.push(alice, bob);
    await Promise.all([alice.start(), bob.start()]);
    const call = await alice.call("bob");
    await next(call, "answered");
    await within(10_000, "recovery", alice.recover());
    const ports = sent.filter((message) => message.startsWith("INVITE ")).map((message) => /^m=audio (\d+)/m.exec(message)?.[1]);
    expect(ports.length).toBeGreaterThan(1);
    expect(new Set(ports).size).toBe(1);
    expect(call.state).toBe("ANSWERED");
    await call.hangup();
    await Promise.all(phones.splice(0).map((each) => each.stop()));
    await registrar.stop();
  }, 30_000);

  it("says so when the new address is not its own, and recovers when told a right one", async () => {
    const alice = newPhone("alice");
    phones.push(alice);
    await expect(alice.recover()).rejects.toMatchObject({ code: "INVALID_STATE" });
    await alice.start();
    await expect(alice.recover({ bindIp: "nowhere" })).rejects.toMatchObject({ code: "INVALID_OPTION" });
    await expect(alice.recover({ bindIp: "::1" })).rejects.toMatchObject({ code: "INVALID_OPTION" });
    await expect(alice.recover({ bindIp: "192.0.2.1" })).rejects.toMatchObject({ code: "TRANSPORT_BIND" });
    await alice.recover({ bindIp: MOVED });
    expect(alice.localEndpoint?.address).toBe(MOVED);
  });
});

describe("a phone with a SIP class of one's own", () => {
  it("lets it word the messages", async () => {
    class Branded extends SIPClient {
      protected override genInvite(invite: SIPRequest): void {
        invite.headers.set("Subject", "Project X");
      }
    }
    const subjects: (string | undefined)[] = [];
    class Reading extends VoIPCall {
      override ringing(): void {
        subjects.push(this.request.headers.get("Subject"));
        this.deny();
      }
    }
    const alice = newPhone("alice", undefined, { sipClass: Branded });
    const bob = newPhone("bob", undefined, { callClass: Reading });
    phones.push(alice, bob);
    await Promise.all([alice.start(), bob.start()]);
    const call = await alice.call(`sip:bob@127.0.0.1:${bob.localEndpoint?.port}`);
    await next(call, "ended");
    expect(subjects).toEqual(["Project X"]);
  });
});
