import { describe, expect, it } from "vitest";
import { SIPHeaderError, SIPParseError } from "../../../ts/sip/errors.ts";
import { NameAddr, SIPURI } from "../../../ts/sip/message/index.ts";

describe("addresses with a name", () => {
  it.each([
    ['"A, \\"B\\" <c>" <sip:a@h>;tag=1', 'A, "B" <c>', "sip:a@h", "1"],
    ["Bob Smith <sip:a@h>;tag=1", "Bob Smith", "sip:a@h", "1"],
    ["John (Sales) <sip:a@h>", "John (Sales)", "sip:a@h", undefined],
    ["Jürgen <sip:a@h>", "Jürgen", "sip:a@h", undefined],
    ["<sip:a@h;tag=no>;TAG=yes", undefined, "sip:a@h;tag=no", "yes"],
    ["sip:a@h;tag=1", undefined, "sip:a@h", "1"],
    ["  sip:a@h  ", undefined, "sip:a@h", undefined],
    ["tel:+1;tag=1", undefined, "tel:+1", "1"],
    ['"" <sip:a@h>', "", "sip:a@h", undefined],
    ["<sip:a@h>  ;  tag  =  1 ; x", undefined, "sip:a@h", "1"],
  ])("%s", (text, displayName, uri, tag) => {
    const address = NameAddr.parse(text);
    expect(address.displayName ?? "").toBe(displayName ?? "");
    expect(String(address.uri)).toBe(uri);
    expect(address.tag).toBe(tag);
  });

  it.each([
    "",
    "<>",
    "<sip:a@h",
    "sip:a@h>",
    '"a" sip:a@h',
    '"a <sip:a@h>',
    "a, b <sip:a@h>",
    "<sip:a@h> x",
    "<sip:a@h>;",
    "<sip:a@h>;x=",
    '<sip:a@h>;x="',
  ])("are refused: %s", (text) => expect(() => NameAddr.parse(text)).toThrow(SIPParseError));

  it("quote their name, escaping what must be", () => {
    const uri = SIPURI.parse("sip:a@h");
    expect(String(new NameAddr({ displayName: 'a "b" \\c é\u0000', uri }))).toBe('"a \\"b\\" \\\\c é\\\u0000" <sip:a@h>');
    expect(String(new NameAddr({ uri, params: { tag: "1", note: "a b" } }))).toBe('<sip:a@h>;tag=1;note="a b"');
  });

  it("cannot carry a line break", () => {
    const uri = SIPURI.parse("sip:a@h");
    expect(() => String(new NameAddr({ displayName: "a\r\nVia: x", uri }))).toThrow(SIPHeaderError);
    expect(() => new NameAddr({ uri, params: { tag: "a\r\nb" } })).toThrow(SIPHeaderError);
    const address = new NameAddr({ uri });
    expect(() => (address.tag = "a\nb")).toThrow(SIPHeaderError);
    expect(() => address.params.set("a b", true)).toThrow(SIPHeaderError);
  });
});
