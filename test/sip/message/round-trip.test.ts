import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NameAddr, parseMessage, SIPRequest, SIPURI, Via } from "../../../ts/sip/message/index.ts";
import { nameAddr, request, uri, via } from "./arbitraries.ts";

describe("what is written is read as it was meant", () => {
  it("URIs, whatever the user part holds", () => {
    fc.assert(
      fc.property(uri, (value) => {
        const read = SIPURI.parse(String(value));
        for (const part of ["scheme", "user", "password", "host", "port"] as const) expect(read[part]).toBe(value[part]);
        expect([...read.params]).toEqual([...value.params]);
        expect(read.equals(value)).toBe(true);
        expect(String(read.clone())).toBe(String(value));
      }),
    );
  });

  it("addresses, whatever the display name and the parameters hold", () => {
    fc.assert(
      fc.property(nameAddr, (value) => {
        const read = NameAddr.parse(String(value));
        expect(read.displayName).toBe(value.displayName);
        expect([...read.params]).toEqual([...value.params]);
        expect(String(read)).toBe(String(value));
      }),
    );
  });

  it("Vias", () => {
    fc.assert(
      fc.property(via, (value) => {
        expect(String(Via.parse(String(value)))).toBe(String(value));
      }),
    );
  });

  it("requests: heading, headers in their order, typed values and body", () => {
    fc.assert(
      fc.property(request, (value) => {
        const bytes = value.toBytes();
        const read = parseMessage(bytes);
        if (!(read instanceof SIPRequest)) throw new Error("no request");
        expect(read.heading).toBe(value.heading);
        expect([...read.headers].filter(([name]) => name !== "Content-Length")).toEqual([...value.headers]);
        expect(Buffer.from(read.body)).toEqual(Buffer.from(value.body));
        expect(read.vias.map(String)).toEqual(value.vias.map(String));
        expect(read.contacts.map(String)).toEqual(value.contacts.map(String));
        expect(read.cseq).toEqual(value.cseq);
        expect(read.toBytes()).toEqual(bytes);
        expect(read.clone().toBytes()).toEqual(bytes);
      }),
    );
  });
});
