/** What a media line of a session description says it travels by (RFC 8866 §5.14). */
export const RTPProtocol = {
  UDP: "udp",
  AVP: "RTP/AVP",
  SAVP: "RTP/SAVP",
} as const;
export type RTPProtocol = (typeof RTPProtocol)[keyof typeof RTPProtocol];
