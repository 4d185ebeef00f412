/** The methods this stack knows by name. Methods travel as plain strings: any token is a method (RFC 3261 §7.1). */
export const SIPMethod = {
  INVITE: "INVITE",
  ACK: "ACK",
  BYE: "BYE",
  CANCEL: "CANCEL",
  OPTIONS: "OPTIONS",
  NOTIFY: "NOTIFY",
  REGISTER: "REGISTER",
  MESSAGE: "MESSAGE",
  SUBSCRIBE: "SUBSCRIBE",
  REFER: "REFER",
  PRACK: "PRACK",
  UPDATE: "UPDATE",
  INFO: "INFO",
  PUBLISH: "PUBLISH",
} as const;
export type SIPMethod = (typeof SIPMethod)[keyof typeof SIPMethod];

export const SIPMessageType = { REQUEST: "REQUEST", RESPONSE: "RESPONSE" } as const;
export type SIPMessageType = (typeof SIPMessageType)[keyof typeof SIPMessageType];
