import { describe, expect, it } from "vitest";

import type { InviteSession } from "../../ts/sip/dialog/InviteSession.ts";
import type { ServerInviteSession } from "../../ts/sip/dialog/ServerInviteSession.ts";
import type { SIPClient, SIPClientOptions } from "../../ts/sip/SIPClient.ts";
import { within } from "./peers/deadline.ts";
import type { SIPp } from "./peers/SIPp.ts";
import { description, startClient, withPeers } from "./phone.ts";

/** What applications do through a session of `SIPClient`. */
interface Case {
  readonly it: string;
  readonly scenario: string;
  readonly client?: Partial<SIPClientOptions>;
  readonly meanwhile?: (session: InviteSession, client: SIPClient) => Promise<void>;
}

const hangUp = (session: InviteSession): Promise<void> => within(session.bye(), "the far end to confirm the BYE");
const ended = async (session: InviteSession): Promise<void> => {
  await within(session.closed, "the call to be over", 40_000);
};

const calls: readonly Case[] = [
  {
    it: "sends an UPDATE",
    scenario: "uas-takes-an-update",
    meanwhile: async (session) => {
      expect((await within(session.update(description), "the answer")).statusCode).toBe(200);
      await hangUp(session);
    },
  },
  {
    it: "sends a re-INVITE",
    scenario: "uas-is-changed",
    meanwhile: async (session) => {
      expect((await within(session.reinvite(description), "the answer")).statusCode).toBe(200);
      await hangUp(session);
    },
  },
  {
    it: "sends its re-INVITE again after glare",
    scenario: "uas-meets-glare",
    meanwhile: async (session) => {
      expect((await within(session.reinvite(description), "the answer")).statusCode).toBe(200);
      await hangUp(session);
    },
  },
  {
    it: "transfers, and hears how it went",
    scenario: "uas-is-transferred",
    meanwhile: async (session) => {
      expect(await within(session.refer("sip:carol@192.0.2.77").outcome, "the outcome")).toMatchObject({ success: true, status: 200 });
      await hangUp(session);
    },
  },
  {
    it: "transfers without a subscription",
    scenario: "uas-is-transferred-without-subscription",
    meanwhile: async (session) => {
      await within(session.refer("sip:carol@192.0.2.77", { subscribe: false }).outcome, "the outcome");
      await hangUp(session);
    },
  },
  {
    it: "gives a call up that the far end has forgotten (481)",
    scenario: "uas-forgets-the-call",
    meanwhile: async (session) => {
      expect((await within(session.request("INFO"), "the answer")).statusCode).toBe(481);
      await ended(session);
      expect(session.endReason).toMatchObject({ cause: "gone" });
    },
  },
  {
    it: "does not ask for reliable ringing when that is off",
    scenario: "uas-rings-unreliably",
    client: { rel100: "off" },
    meanwhile: hangUp,
  },
  { it: "requires reliable ringing", scenario: "uas-rings-reliably", client: { rel100: "required" }, meanwhile: hangUp },
];

const answers: readonly Case[] = [
  {
    it: "tries again after glare",
    scenario: "uac-meets-glare",
    meanwhile: async (session) => {
      expect((await within(session.reinvite(description), "the answer")).statusCode).toBe(200);
      await ended(session);
    },
  },
  {
    it: "is transferred, and tells how it went",
    scenario: "uac-refers",
    meanwhile: async (session) => {
      session.onRefer = (refer) => {
        refer.accept();
        refer.report(200);
      };
      await ended(session);
    },
  },
  {
    it: "is transferred without a subscription",
    scenario: "uac-refers-without-subscription",
    meanwhile: async (session) => {
      session.onRefer = (refer) => {
        refer.accept();
        refer.report(200);
      };
      await ended(session);
    },
  },
];

/** Calls SIPp; settles when the call is up. */
async function call(client: SIPClient, sipp: SIPp): Promise<InviteSession> {
  const session = client.invite(`sip:service@127.0.0.1:${sipp.port}`, { body: description });
  const accepted = new Promise<void>((resolve, reject) => {
    session.onAccepted = () => resolve();
    session.onEnded = (reason) => reject(new Error(`not answered: ${reason.cause} ${reason.status ?? ""}`));
  });
  await within(accepted, "SIPp to answer");
  return session;
}

describe.concurrent("a client that calls SIPp", () => {
  it.each(calls)("$it", ({ scenario, client: options = {}, meanwhile = ended }) =>
    withPeers(async (peers) => {
      const sipp = await peers.sipp(scenario);
      const client = await startClient(peers, options);
      await Promise.all([sipp.succeeded(), call(client, sipp).then((session) => meanwhile(session, client))]);
      expect(client.dialogs).toBe(0);
    }),
  );

  it("answers the offer of the 200 in its ACK", () =>
    withPeers(async (peers) => {
      const sipp = await peers.sipp("uas-offers-late");
      const client = await startClient(peers);
      const session = client.invite(`sip:service@127.0.0.1:${sipp.port}`);
      session.onLateOffer = () => description;
      await sipp.received(/^ACK /, 1);
      await hangUp(session);
      await sipp.succeeded();
    }));
});

describe.concurrent("a client that SIPp calls", () => {
  it.each(answers)("$it", ({ scenario, client: options = {}, meanwhile = ended }) =>
    withPeers(async (peers) => {
      const client = await startClient(peers, options);
      const coming = new Promise<ServerInviteSession>((resolve) => {
        client.onInvite = resolve;
      });
      const { address, port } = client.transport.local;
      const sipp = await peers.sipp(scenario, { target: `${address}:${port}`, user: "phone" });
      const session = await within(coming, "the INVITE");
      session.onReinvite = () => description;
      const accepted = session.accept(description);
      await Promise.all([sipp.succeeded(), accepted.then(() => meanwhile(session, client))]);
      expect(client.dialogs).toBe(0);
    }),
  );

  it("takes a MESSAGE", () =>
    withPeers(async (peers) => {
      const client = await startClient(peers);
      const texts: string[] = [];
      client.onMessage = (request) => {
        texts.push(request.bodyText.trim());
      };
      const { address, port } = client.transport.local;
      const sipp = await peers.sipp("uac-sends-a-message", { target: `${address}:${port}`, user: "phone" });
      await sipp.succeeded();
      expect(texts).toEqual(["Watson, come here."]);
    }));
});
