import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { Answering } from "../calls.ts";
import { next, uriOf, within } from "../support.ts";
import { callBeside } from "./beside.ts";
import { startPhone } from "./calls.ts";
import { damaged, noise, random, seed } from "./garbage.ts";
import { Stranger } from "./Stranger.ts";

describe(`garbage on the SIP port (seed ${seed})`, () => {
  it("as datagrams: what can be answered is, nothing is thrown, the call that is up goes on, and a proper caller is served", async () => {
    const alice = await startPhone("alice", { callClass: Answering, maxCalls: 20 });
    const beside = await callBeside(alice);
    const stranger = await Stranger.open();
    const port = alice.localEndpoint?.port ?? 0;
    const warnings: unknown[] = [];
    process.on("warning", (warning) => warnings.push(warning));
    for (let count = 0; count < 1_000; count++) {
      const invite = stranger.invite("nobody-here", port, `${seed}-${count}`);
      const message = random.chance(0.3) ? noise(1_400) : damaged(random.chance(0.5) ? invite : invite.replaceAll("INVITE", "OPTIONS"));
      // Twenty a frame: more at once and the sockets would have no room for them.
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await (count % 20 === 0 ? beside.hears(0.02) : undefined);
      // oxlint-disable-next-line no-await-in-loop
      await stranger.send(message, port);
    }
    await beside.hears(0.2);
    await stranger.send(stranger.invite("alice", port, `${seed}-last`).replace("CSeq: 1 INVITE", "CSeq: one INVITE"), port);
    expect(await stranger.sees(new RegExp(`^SIP/2\\.0 400 [^]*${seed}-last`))).toMatch(/^SIP\/2\.0 400 /);
    await beside.unharmed();
    const bob = await startPhone("bob");
    await next(await bob.call(uriOf(alice, "alice")), "answered");
    expect(warnings).toEqual([]);
  });

  it("as streams: each is closed, the call that is up goes on, and a proper caller is served", async () => {
    const alice = await startPhone("alice", { callClass: Answering });
    const beside = await callBeside(alice);
    const port = alice.localEndpoint?.port ?? 0;
    await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const socket = connect(port, "127.0.0.1");
        socket.on("error", () => {}); // a reset is a way to close it, too
        const closed = once(socket, "close");
        await once(socket, "connect");
        // A line that never ends, or noise with line ends, or a body that is longer than anybody would send.
        if (index % 3 === 0) socket.write(Buffer.alloc(200_000, 0x61));
        else if (index % 3 === 1) socket.write(Buffer.concat([...Array(20)].map(() => Buffer.concat([noise(400), Buffer.from("\r\n\r\n")]))));
        else socket.write("INVITE sip:alice@127.0.0.1 SIP/2.0\r\nContent-Length: 999999999\r\n\r\n");
        await within(15_000, `stream ${index} to be closed`, closed);
      }),
    );
    await beside.unharmed();
    const bob = await startPhone("bob");
    await next(await bob.call(uriOf(alice, "alice")), "answered");
    expect(alice.getStatus()).toBe("REGISTERED");
  });
});
