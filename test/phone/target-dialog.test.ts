import { describe, expect, it } from "vitest";

import { isAbout } from "../../ts/phone/targetDialog.ts";
import { parseMessage, SIPRequest } from "../../ts/sip/index.ts";

const dialog = { callId: "a84b4c@pc", localTag: "ours", remoteTag: "theirs" };

function refer(target: string | undefined): SIPRequest {
  const lines = ["REFER sip:bob@127.0.0.1 SIP/2.0", "Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK1", "From: <sip:a@127.0.0.1>;tag=1"];
  lines.push("To: <sip:bob@127.0.0.1>", "Call-ID: outside", "CSeq: 1 REFER", "Max-Forwards: 70");
  lines.push(...(target === undefined ? [] : [`Target-Dialog: ${target}`]), "Content-Length: 0", "", "");
  const message = parseMessage(new TextEncoder().encode(lines.join("\r\n")));
  if (!(message instanceof SIPRequest)) throw new Error("a REFER is a request");
  return message;
}

const about = (target: string | undefined): boolean => isAbout(refer(target), dialog);

describe("a request outside a dialog is about it", () => {
  it("when it names the Call-ID and both tags as we see them (RFC 4538 §3)", () => {
    expect(about("a84b4c@pc;local-tag=ours;remote-tag=theirs")).toBe(true);
  });

  it("also when it names the tags as it sees them itself, as pyVoIP 2.0 does", () => {
    expect(about("a84b4c@pc;local-tag=theirs;remote-tag=ours")).toBe(true);
  });

  it.each([
    "a84b4c@pc;local-tag=ours",
    "a84b4c@pc;local-tag=ours;remote-tag=ours",
    "a84b4c@pc;local-tag=ours;remote-tag=others",
    "other@pc;local-tag=ours;remote-tag=theirs",
  ])("but not when a tag or the Call-ID is wrong: %s", (target) => {
    expect(about(target)).toBe(false);
  });

  it("and not when it names none", () => {
    expect(about(undefined)).toBe(false);
  });
});
