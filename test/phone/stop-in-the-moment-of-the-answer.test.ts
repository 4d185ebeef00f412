import { once } from "node:events";
import { expect, it } from "vitest";
import { Waiting } from "./calls.ts";
import { newPhone, next, startRegistrar, within } from "./support.ts";

it("stop() crosses the answer: the call that came to be is hung up, and that is confirmed, before the phone deregisters", async () => {
  const registrar = await startRegistrar();
  const alice = newPhone("alice", registrar);
  const bob = newPhone("bob", registrar, { callClass: Waiting });
  await Promise.all([alice.start(), bob.start()]);
  const incoming = next(bob, "incoming");
  const call = await alice.call("bob");
  await once(call, "ringing");
  const [taken] = await incoming;

  const told: string[] = [];
  const port = alice.localEndpoint?.port;
  registrar.trace = ({ direction, bytes, remote }) => {
    const message = Buffer.from(bytes).toString("latin1");
    if (remote.port !== port) return;
    const what = direction === "in" ? /^(BYE|REGISTER) /.exec(message)?.[1] : /^SIP\/2\.0 (\d+) [^]*^CSeq: \d+ BYE/m.exec(message)?.[1];
    if (what !== undefined && what !== told.at(-1)) told.push(what);
  };
  taken.answer().catch(() => {}); // by then the call is over
  await within(10_000, "alice to stop", alice.stop());
  expect(told).toEqual(["BYE", "200", "REGISTER"]);
  await bob.stop();
  await registrar.stop();
});
