/** Which way a stream flows, by its word in a session description (RFC 8866 §6.7). */
export const TransmitType = {
  RECVONLY: "recvonly",
  SENDRECV: "sendrecv",
  SENDONLY: "sendonly",
  INACTIVE: "inactive",
} as const;
export type TransmitType = (typeof TransmitType)[keyof typeof TransmitType];
