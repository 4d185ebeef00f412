import { afterEach, describe, expect, it } from "vitest";
import { TCPTransport, TransportMode, TransportSet, UDPTransport, type VoIPPhone } from "../../ts/index.ts";
import { Answering } from "./calls.ts";
import { newPhone, next, startRegistrar, within } from "./support.ts";

const phones: VoIPPhone[] = [];

afterEach(async () => {
  await Promise.all(phones.splice(0).map((each) => each.stop()));
});

describe.each([TransportMode.UDP, TransportMode.TCP])("a phone on a wildcard address, over %s", (transportMode) => {
  it("writes the address that routes to its peer into every header and body", async () => {
    const udp = new UDPTransport({ address: "127.0.0.1", port: 0 });
    const transport = new TransportSet([udp, new TCPTransport({ address: "127.0.0.1", port: () => udp.local.port })]);
    const registrar = await startRegistrar({ transport });
    const sent: string[] = [];
    const trace: NonNullable<Parameters<typeof newPhone>[2]>["trace"] = ({ direction, bytes }) => {
      if (direction === "out") sent.push(Buffer.from(bytes).toString());
    };
    const options = { bindIp: "0.0.0.0", transportMode, trace, callClass: Answering };
    const [alice, bob] = [newPhone("alice", registrar, options), newPhone("bob", registrar, options)];
    phones.push(alice, bob);
    await Promise.all([alice.start(), bob.start()]);
    const call = await alice.call("bob");
    await next(call, "answered");
    await call.hangup();
    await within(5000, "both stopped", Promise.all([alice.stop(), bob.stop()]));
    await registrar.stop();
    expect(sent.length).toBeGreaterThan(8);
    for (const message of sent) {
      expect(message).not.toMatch(/0\.0\.0\.0|\[::\]/);
      const contact = /^Contact: .*@([^:;>]+)/m.exec(message);
      if (contact !== null) expect(contact[1]).toBe("127.0.0.1");
    }
  });
});
