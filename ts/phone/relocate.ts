import type { MediaSession } from "../media/contract.ts";
import { bodyOf } from "../sip/dialog/body.ts";
import type { SIPResponse } from "../sip/message/SIPResponse.ts";
import type { CallSetup } from "./CallSetup.ts";
import { NegotiationError } from "./errors.ts";

/** Where a phone is now. */
export interface Relocation {
  /** The local address that its sockets are bound to; may be a wildcard. */
  readonly bindIp: string;
  /** The address that the far end of this call sees. */
  readonly address: string;
  readonly openMedia: () => Promise<MediaSession>;
}

/**
 * Tells the far end of a running call where we and our media are now. A media socket that was bound to another address than ours is left
 * for a new one; one that is bound to every address goes on.
 * @throws NegotiationError when the far end agrees, but to nothing that can be used
 */
export async function relocate({ sip, media, negotiation, further = [] }: CallSetup, { bindIp, address, openMedia }: Relocation): Promise<SIPResponse> {
  const { localAddress } = media;
  if (localAddress !== bindIp && localAddress !== "0.0.0.0" && localAddress !== "::") {
    await media.move(await openMedia());
    // Further streams end here: who brought them in can bring them in again.
    negotiation.furtherPorts = [];
    await Promise.all(further.map((session) => session.close()));
  }
  negotiation.move(address, media.localPort);
  const response = await sip.reinvite(negotiation.offer());
  if (!response.isSuccess) return response;
  const answer = bodyOf(response);
  if (answer === undefined) throw new NegotiationError("recover: the far end sent no answer");
  media.configure(negotiation.accept(answer));
  return response;
}
