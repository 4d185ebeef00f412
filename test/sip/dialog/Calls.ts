import type { ClientInviteSession } from "../../../ts/sip/dialog/ClientInviteSession.ts";
import type { ServerInviteSession } from "../../../ts/sip/dialog/ServerInviteSession.ts";
import type { SIPBody } from "../../../ts/sip/dialog/InviteSession.ts";
import type { SIPRequest } from "../../../ts/sip/message/SIPRequest.ts";
import type { SIPResponse } from "../../../ts/sip/message/SIPResponse.ts";
import { ANSWER, OFFER, type Peer, type Phone, type PhoneOptions, World } from "../client/World.ts";

/** How the calls of these tests come about. */

export const text = (body: SIPBody | undefined): string | undefined => (body === undefined ? undefined : Buffer.from(body.content).toString());
export const sdp = (content: string): SIPBody => ({ contentType: "application/sdp", content });

/** Both ends of a call between two of our phones. */
export interface TwoEnds {
  readonly world: World;
  readonly alice: Phone;
  readonly bob: Phone;
  readonly call: ClientInviteSession;
  readonly incoming: ServerInviteSession;
}

/** Alice calls bob, whose phone has got the INVITE. */
export async function calling(aliceOptions: Partial<PhoneOptions> = {}, bobOptions: Partial<PhoneOptions> = {}): Promise<TwoEnds> {
  const world = new World();
  const alice = await world.phone({ user: "alice", ...aliceOptions });
  const bob = await world.phone({ user: "bob", ...bobOptions });
  const call = alice.client.invite(bob.uri, { body: OFFER });
  return { world, alice, bob, call, incoming: await bob.call() };
}

/** Alice has called bob, who has answered. */
export async function talking(aliceOptions: Partial<PhoneOptions> = {}, bobOptions: Partial<PhoneOptions> = {}): Promise<TwoEnds> {
  const ends = await calling(aliceOptions, bobOptions);
  await ends.world.during(ends.incoming.accept(ANSWER));
  await ends.world.clock.advance(50);
  return ends;
}

/** A peer that calls bob, as it likes. */
export async function calledByPeer(
  options: Partial<PhoneOptions> = {},
  init: { headers?: [string, string][]; body?: string } = { body: "v=0" },
): Promise<{ world: World; peer: Peer; bob: Phone; call: ServerInviteSession; invite: SIPRequest }> {
  const world = new World();
  const peer = await world.peer("peer");
  const bob = await world.phone({ user: "bob", ...options });
  const invite = peer.request("INVITE", bob.client, init);
  const call = await bob.call();
  return { world, peer, bob, call, invite };
}

/** A peer that alice calls; its INVITE has come. */
export async function callingPeer(
  options: Partial<PhoneOptions> = {},
  body: SIPBody | null = OFFER,
): Promise<{ world: World; peer: Peer; alice: Phone; call: ClientInviteSession; invite: SIPRequest }> {
  const world = new World();
  const peer = await world.peer("peer");
  const alice = await world.phone({ user: "alice", ...options });
  const call = alice.client.invite(peer.uri, body === null ? {} : { body });
  await world.clock.runUntil(() => peer.of("INVITE").length > 0, 1000);
  return { world, peer, alice, call, invite: peer.of("INVITE")[0]! };
}

/** Waits for the next response of that status, or for the next final one. */
export async function response(world: World, peer: Peer, matches: (candidate: SIPResponse) => boolean): Promise<SIPResponse> {
  await world.clock.runUntil(() => peer.responses.some(matches), 100_000);
  return peer.responses.find(matches)!;
}
