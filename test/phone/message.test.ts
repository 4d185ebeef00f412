import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { IncomingMessage, VoIPPhone } from "../../ts/index.ts";
import type { Registrar } from "../../ts/testkit/index.ts";
import { newPhone, startRegistrar } from "./support.ts";

describe("a text message", () => {
  let registrar: Registrar;
  let alice: VoIPPhone;
  let bob: VoIPPhone;

  beforeEach(async () => {
    registrar = await startRegistrar();
    alice = newPhone("alice", registrar);
    bob = newPhone("bob", registrar);
    await Promise.all([alice.start(), bob.start()]);
  });

  afterEach(async () => {
    await Promise.all([alice.stop(), bob.stop()]);
    await registrar.stop();
  });

  it("arrives as an event with body, type and sender, and message() returns true", async () => {
    const arrived: IncomingMessage[] = [];
    bob.on("message", (message) => arrived.push(message));
    expect(await alice.message("bob", "grüß dich")).toBe(true);
    expect(await alice.message("bob", "<b>hi</b>", "text/html")).toBe(true);
    expect(arrived.map(({ body, contentType }) => [body, contentType])).toEqual([["grüß dich", "text/plain"], ["<b>hi</b>", "text/html"]]);
    expect(arrived[0]?.from.uri.toString()).toMatch(/^sip:alice@/);
    expect(arrived[0]?.request.method).toBe("MESSAGE");
    expect(arrived[0]?.call).toBeUndefined();
  });

  it("is refused while nobody listens, and message() returns false", async () => {
    expect(await alice.message("bob", "hello?")).toBe(false);
    const arrived: IncomingMessage[] = [];
    const listener = (message: IncomingMessage): void => {
      arrived.push(message);
    };
    bob.on("message", listener);
    expect(await alice.message("bob", "hello!")).toBe(true);
    bob.off("message", listener);
    expect(await alice.message("bob", "gone?")).toBe(false);
    expect(arrived.map(({ body }) => body)).toEqual(["hello!"]);
  });

  it("to nobody returns false", async () => {
    expect(await alice.message("nobody", "hello?")).toBe(false);
  });
});
