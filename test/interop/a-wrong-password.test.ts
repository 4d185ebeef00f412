import { afterEach, describe, expect, it } from "vitest";

import { CredentialsManager, InvalidAccountInfoError, PhoneStatus } from "../../ts/index.ts";
import { within } from "./peers/deadline.ts";
import { Peers } from "./peers/Peers.ts";
import { newPhone } from "./phone.ts";

describe("a phone with a wrong password", () => {
  const peers = new Peers();
  afterEach(() => peers.stop());

  it("does not start, says why, and starts with the right one", async () => {
    const kamailio = await peers.kamailio();
    const wrong = new CredentialsManager();
    wrong.add("phone", "guess");
    const phone = await newPhone(peers, { server: "127.0.0.1", port: kamailio.port, credentialsManager: wrong });
    const failure: unknown = await within(
      phone.start().then(
        () => undefined,
        (error: unknown) => error,
      ),
      "start() to fail",
    );
    expect(failure).toBeInstanceOf(InvalidAccountInfoError);
    expect(failure).toMatchObject({ code: "INVALID_ACCOUNT_INFO", user: "phone", status: 401 });
    expect(phone.getStatus()).toBe(PhoneStatus.FAILED);

    const right = await newPhone(peers, { server: "127.0.0.1", port: kamailio.port });
    await within(right.start(), "the phone to start");
    expect(right.getStatus()).toBe(PhoneStatus.REGISTERED);
    await kamailio.logs(/registered phone/);
    // One binding: the wrong password made none. -2: the digest did not fit.
    expect(await kamailio.logged(/registered phone/)).toHaveLength(1);
    expect(await kamailio.logged(/challenge REGISTER of phone with 401 because of -2/)).not.toEqual([]);
  });
});
