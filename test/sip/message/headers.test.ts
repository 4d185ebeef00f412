import { describe, expect, it } from "vitest";
import { SIPHeaderError } from "../../../ts/sip/errors.ts";
import { Headers } from "../../../ts/sip/message/index.ts";

describe("headers", () => {
  it("keep their order and are found in any case and form", () => {
    const headers = new Headers([
      ["v", "SIP/2.0/UDP a"],
      ["X-Own", "1"],
      ["VIA", "SIP/2.0/UDP b"],
      ["s", "Lunch"],
    ]);
    expect([...headers].map(([name]) => name)).toEqual(["Via", "X-Own", "Via", "Subject"]);
    expect(headers.getAll("via")).toEqual(["SIP/2.0/UDP a", "SIP/2.0/UDP b"]);
    expect(headers.get("SUBJECT")).toBe("Lunch");
    expect(headers.get("x-own")).toBe("1");
    expect(headers.get("Absent")).toBeUndefined();
    expect(headers.has("i")).toBe(false);
  });

  it("take comma lists apart, but for commas in quotes and brackets, and headers that are no lists", () => {
    const headers = new Headers([
      ["Contact", '"a, b" <sip:a@h?x=1,2>;q=1 ,<sip:b,c@h>'],
      ["Subject", "one, two"],
      ["Supported", ""],
      ["Allow", "INVITE, ,ACK,"],
    ]);
    expect(headers.getAll("m")).toEqual(['"a, b" <sip:a@h?x=1,2>;q=1', "<sip:b,c@h>"]);
    expect(headers.get("m")).toBe('"a, b" <sip:a@h?x=1,2>;q=1');
    expect(headers.getAll("Subject")).toEqual(["one, two"]);
    expect(headers.getAll("Supported")).toEqual([]);
    expect(headers.getAll("Allow")).toEqual(["INVITE", "ACK"]);
  });

  it("are set, added, put first, replaced and deleted in their place", () => {
    const headers = new Headers([
      ["Route", "<sip:1>"],
      ["To", "x"],
      ["Route", "<sip:2>"],
    ]);
    headers.prepend("Route", "<sip:0>").add("From", "y").set("to", "z");
    expect([...headers].map(String)).toEqual(["Route,<sip:0>", "Route,<sip:1>", "To,z", "Route,<sip:2>", "From,y"]);
    headers.setAll("Route", ["<sip:8>", "<sip:9>"]);
    expect([...headers].map(String)).toEqual(["Route,<sip:8>", "Route,<sip:9>", "To,z", "From,y"]);
    headers.set("Route", "<sip:5>");
    expect(headers.delete("to")).toBe(true);
    expect(headers.delete("to")).toBe(false);
    expect([...headers.clone()].map(String)).toEqual(["Route,<sip:5>", "From,y"]);
    headers.setAll("Route", []).prepend("Via", "v");
    expect([...headers].map(String)).toEqual(["Via,v", "From,y"]);
  });

  it.each([
    ["Subject", "a\r\nVia: x"],
    ["Subject", "a\nb"],
    ["Subject", "a\rb"],
    ["Sub\r\nject", "a"],
    ["Sub ject", "a"],
    ["", "a"],
    ["Subject:", "a"],
  ])("refuse what would be another header: %j %j", (name, value) => {
    const headers = new Headers();
    for (const write of [
      () => headers.add(name, value),
      () => headers.set(name, value),
      () => headers.prepend(name, value),
      () => headers.setAll(name, [value]),
    ])
      expect(write).toThrow(SIPHeaderError);
    expect(headers.size).toBe(0);
  });
});
