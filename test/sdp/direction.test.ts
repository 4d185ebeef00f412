import { describe, expect, it } from "vitest";

import { createOffer, directionOf } from "../../ts/sdp/index.ts";
import { agreedFrom, answerTo, attributesOf, far, LOCAL } from "./calls.ts";

describe("the direction of an answer (RFC 3264 §6.1)", () => {
  it.each([
    ["sendrecv", "sendrecv", "sendrecv"],
    ["sendonly", "sendrecv", "recvonly"],
    ["recvonly", "sendrecv", "sendonly"],
    ["inactive", "sendrecv", "inactive"],
    // While we hold the far end:
    ["sendrecv", "sendonly", "sendonly"],
    ["sendonly", "sendonly", "inactive"],
    ["recvonly", "sendonly", "sendonly"],
    ["inactive", "sendonly", "inactive"],
    ["sendrecv", "recvonly", "recvonly"],
    ["recvonly", "recvonly", "inactive"],
    ["sendrecv", "inactive", "inactive"],
    ["sendonly", "inactive", "inactive"],
  ] as const)("offered %s, wanted %s → %s", (offered, wanted, expected) => {
    const { answer, agreed } = answerTo(far("m=audio 4000 RTP/AVP 0", `a=${offered}`), { direction: wanted });
    expect(agreed.direction).toBe(expected);
    expect(attributesOf(answer)).toContain(expected);
  });

  it("follows the session's attribute where the section has none", () => {
    expect(answerTo(far("a=sendonly", "m=audio 4000 RTP/AVP 0")).agreed.direction).toBe("recvonly");
  });

  it("follows the section's attribute before the session's", () => {
    expect(answerTo(far("a=inactive", "m=audio 4000 RTP/AVP 0", "a=SendRecv")).agreed.direction).toBe("sendrecv");
  });

  it("is sendrecv when the offer says nothing", () => {
    expect(answerTo(far("m=audio 4000 RTP/AVP 0")).agreed.direction).toBe("sendrecv");
  });
});

describe("hold by an unspecified address (RFC 2543; RFC 3264 §8.4)", () => {
  it.each([
    ["c=IN IP4 0.0.0.0", "sendrecv", "recvonly"],
    ["c=IN IP4 0.0.0.0", "sendonly", "recvonly"],
    ["c=IN IP4 0.0.0.0", "inactive", "inactive"],
    ["c=IN IP4 0.0.0.0", "recvonly", "inactive"],
    ["c=IN IP6 ::", "sendrecv", "recvonly"],
  ])("%s with a=%s: we send nothing and answer %s", (connection, offered, expected) => {
    const { answer, agreed } = answerTo(far("m=audio 4000 RTP/AVP 0", connection, `a=${offered}`));
    expect(agreed.direction).toBe(expected);
    expect(attributesOf(answer)).toContain(expected);
    expect(answer.media[0]!.port).toBe(LOCAL.port);
  });

  it("counts in an answer too", () => {
    const agreed = agreedFrom(createOffer(LOCAL), far("m=audio 4000 RTP/AVP 0", "c=IN IP4 0.0.0.0"));
    expect(agreed.direction).toBe("recvonly");
  });

  it("does not count for another section", () => {
    const offer = far("m=audio 4000 RTP/AVP 0", "m=video 6000 RTP/AVP 31", "c=IN IP4 0.0.0.0");
    expect(directionOf(offer, offer.media[0]!)).toBe("sendrecv");
    expect(directionOf(offer, offer.media[1]!)).toBe("sendonly");
  });
});

describe("the direction that an answer to our offer leaves us", () => {
  it.each([
    ["sendrecv", "sendrecv", "sendrecv"],
    ["sendrecv", "sendonly", "recvonly"],
    ["sendrecv", "recvonly", "sendonly"],
    ["sendrecv", "inactive", "inactive"],
    ["sendonly", "recvonly", "sendonly"],
    ["sendonly", "inactive", "inactive"],
    // Answers that RFC 3264 forbids give no more than we offered.
    ["sendonly", "sendrecv", "sendonly"],
    ["inactive", "sendrecv", "inactive"],
    ["recvonly", "sendrecv", "recvonly"],
  ] as const)("offered %s, answered %s → %s", (offered, answered, expected) => {
    const offer = createOffer({ ...LOCAL, direction: offered });
    expect(agreedFrom(offer, far("m=audio 4000 RTP/AVP 0", `a=${answered}`)).direction).toBe(expected);
  });
});
