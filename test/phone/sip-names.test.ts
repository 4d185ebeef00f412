import { expect, it } from "vitest";
import { parseMessage, SIPMessage, SIPMessageType, SIPMethod, SIPRequest, SIPResponse } from "../../ts/index.ts";

const bytes = (heading: string): Uint8Array =>
  new TextEncoder().encode(
    `${heading}\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@example.com>;tag=1\r\nTo: <sip:b@example.com>\r\n` +
      "Call-ID: 1@192.0.2.1\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
  );

it("a request has a method, and the status 0", () => {
  const request = parseMessage(bytes("INVITE sip:b@example.com SIP/2.0"));
  expect(request).toBeInstanceOf(SIPMessage);
  expect(request).toBeInstanceOf(SIPRequest);
  expect(request).toMatchObject({ type: SIPMessageType.REQUEST, method: SIPMethod.INVITE, status: 0, heading: "INVITE sip:b@example.com SIP/2.0" });
});

it("a response has a status, and no method", () => {
  const response = parseMessage(bytes("SIP/2.0 486 Busy Here"));
  expect(response).toBeInstanceOf(SIPResponse);
  expect(response).toMatchObject({ type: SIPMessageType.RESPONSE, method: null, status: { value: 486, phrase: "Busy Here" } });
});

it.each(["INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "NOTIFY", "REGISTER", "MESSAGE", "SUBSCRIBE", "REFER"])("SIPMethod has %s", (name) => {
  expect(SIPMethod).toHaveProperty(name, name);
});
