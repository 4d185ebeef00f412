import { describe, expect, it } from "vitest";

import { TransportMode } from "../../ts/index.ts";
import { TCPTransport } from "../../ts/sip/transport/tcp.ts";
import { UDPTransport } from "../../ts/sip/transport/udp.ts";
import { within } from "./peers/deadline.ts";
import { Peers } from "./peers/Peers.ts";
import { freePort } from "./peers/ports.ts";
import { tone } from "./peers/tone.ts";
import { description, startClient, startPhone } from "./phone.ts";

const protocols = ["UDP", "TCP"] as const;

describe("through Kamailio", () => {
  it.each(protocols)("a client on %s transfers baresip to a third phone, and hears that they talk", async (protocol) => {
    const peers = new Peers();
    try {
      const kamailio = await peers.kamailio();
      const bob = await peers.baresip("bob", tone(1000, 10), { kamailio, autoAnswer: true });
      const carol = await peers.baresip("carol", tone(600, 10), { kamailio, autoAnswer: true });
      const Transport = protocol === "UDP" ? UDPTransport : TCPTransport;
      const transport = new Transport({ address: "127.0.0.1", port: await freePort() });
      const client = await startClient(peers, { transport, server: "127.0.0.1", port: kamailio.port, protocol });
      const session = client.invite("bob", { body: description });
      await bob.event("CALL_ESTABLISHED");
      const referral = session.refer("sip:carol@127.0.0.1");
      await carol.event("CALL_ESTABLISHED");
      expect(await within(referral.outcome, "the outcome of the transfer")).toMatchObject({ success: true, status: 200 });
      if (session.state !== "terminated") await within(session.bye(), "bob to confirm the BYE");
      expect(kamailio.logged(/lost /)).toEqual([]);
    } finally {
      await peers.stop();
    }
  });

  it.each(protocols)("a phone on %s sends baresip a message", async (protocol) => {
    const peers = new Peers();
    try {
      const kamailio = await peers.kamailio();
      const bob = await peers.baresip("bob", tone(1000, 10), { kamailio });
      const phone = await startPhone(peers, { server: "127.0.0.1", port: kamailio.port, transportMode: TransportMode[protocol] });
      expect(await within(phone.message("bob", "Watson, come here."), "the answer to the MESSAGE")).toBe(true);
      await bob.process.line(/Watson, come here\./);
      await expect(within(phone.message("nobody", "Is anybody there?"), "the answer to the MESSAGE")).resolves.toBe(false);
    } finally {
      await peers.stop();
    }
  });
});
