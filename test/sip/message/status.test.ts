import { describe, expect, it } from "vitest";
import { reasonPhrase, SIPStatus } from "../../../ts/sip/message/index.ts";

describe("the registry of statuses", () => {
  it("holds every code that IANA has registered, each once, in order", () => {
    const registered = [
      100, 180, 181, 182, 183, 199, 200, 202, 204, 300, 301, 302, 305, 380, 400, 401, 402, 403, 404, 405, 406, 407, 408, 410, 412, 413, 414,
      415, 416, 417, 420, 421, 422, 423, 424, 425, 428, 429, 430, 433, 436, 437, 438, 439, 440, 469, 470, 480, 481, 482, 483, 484, 485, 486,
      487, 488, 489, 491, 493, 494, 500, 501, 502, 503, 504, 505, 513, 555, 580, 600, 603, 604, 606, 607, 608,
    ];
    expect(SIPStatus.all().map(({ value }) => value)).toEqual(registered);
    for (const status of SIPStatus.all()) expect([status.phrase.length > 1, status.description.length > 10]).toEqual([true, true]);
  });

  it("gives phrases, and the class of a code nobody registered", () => {
    expect(SIPStatus.of(481)).toBe(SIPStatus.CALL_TRANSACTION_DOES_NOT_EXIST);
    expect(String(SIPStatus.OK)).toBe("200 OK");
    expect(reasonPhrase(606)).toBe("Not Acceptable");
    expect(SIPStatus.of(499)).toMatchObject({ value: 499, phrase: "Client Error" });
  });
});
