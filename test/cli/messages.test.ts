import { describe, expect, it } from "vitest";
import { account, addressOf, passwordOf, startPhone, startRegistrar } from "./Account.ts";
import { finish, start } from "./FakeIO.ts";

describe("sidetone message", () => {
  it("brings a text to a user of the server, whose answer shows it", async () => {
    const registrar = await startRegistrar();
    const bob = await start(["answer", ...account("bob", registrar)], passwordOf("bob"));
    await bob.io.stdout.sees(/"registered"/);
    const alice = await finish(["message", "bob", "The door is open – ü", ...account("alice", registrar)], passwordOf("alice"));
    expect(alice.status).toBe(0);
    expect(alice.io.event("message")).toMatchObject({ to: "bob", accepted: true, length: 23 });
    await bob.io.stdout.sees(/"message"/);
    expect(bob.io.event("message")).toMatchObject({
      from: expect.stringMatching(/^sip:alice@/),
      contentType: "text/plain",
      body: "The door is open – ü",
    });
    expect(registrar.bindings.map(({ user }) => user)).toEqual(["bob"]);
  });

  it("reads it from stdin for -", async () => {
    const phone = await startPhone("bob");
    const body = new Promise<string>((settle) => phone.on("message", (message) => settle(message.body)));
    const alice = await start(["message", addressOf(phone, "bob"), "-", "--bind", "127.0.0.1"]);
    alice.io.stdin.end("two\nlines\n");
    expect(await alice.status).toBe(0);
    expect(await body).toBe("two\nlines\n");
    expect(alice.io.stdout.text).toMatch(/has the message\n$/);
  });

  it("ends with 5 when it is not taken", async () => {
    const phone = await startPhone("bob"); // nobody listens: 405
    const { io, status } = await finish(["message", addressOf(phone, "bob"), "hello", "--bind", "127.0.0.1", "--json"]);
    expect(status).toBe(5);
    expect(io.event("message")).toMatchObject({ accepted: false });
  });

  it("is given up on Ctrl-C, and the registration taken back", async () => {
    const registrar = await startRegistrar();
    // A phone that is at the server, and never answers.
    const bob = await startPhone("bob", {}, registrar);
    bob.on("message", () => {});
    const asked = new Promise<void>((settle) => {
      registrar.trace = ({ direction, bytes }) => {
        if (direction === "in" && Buffer.from(bytes).toString("latin1").startsWith("MESSAGE ")) settle();
      };
    });
    const alice = await start(["message", "bob", "hello", ...account("alice", registrar)], passwordOf("alice"));
    await asked;
    alice.io.interrupt();
    expect(await alice.status).toBe(130);
    expect(registrar.bindings.map(({ user }) => user)).toEqual(["bob"]);
  });
});
