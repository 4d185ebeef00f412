import { expect, it, onTestFinished } from "vitest";
import { VoIPCall } from "../../ts/index.ts";
import { talk } from "./calls.ts";
import { newPhone, sine, uriOf, within } from "./support.ts";

it("a hook that plays when the caller hangs up is no error", async () => {
  let played: Promise<unknown> = Promise.resolve();
  class Playing extends VoIPCall {
    override async ringing(): Promise<void> {
      await this.answer();
      const playing = this.play(sine(440, 10));
      played = playing.catch((error: unknown) => error);
      await playing;
    }
  }
  const alice = newPhone("alice");
  const bob = newPhone("bob", undefined, { callClass: Playing });
  onTestFinished(async () => {
    await Promise.all([alice.stop(), bob.stop()]);
  });
  await Promise.all([alice.start(), bob.start()]);
  const errors: unknown[] = [];
  bob.on("callError", (_, error) => errors.push(error));
  const [call, callee] = await talk(alice, bob, uriOf(bob, "bob"));
  await call.readAudio(800);
  await call.hangup();
  await within(5_000, "Bob's end", callee.ended);
  expect(await played).toMatchObject({ code: "AUDIO_INTERRUPTED", interruption: "ended" });
  expect(errors).toEqual([]);
});
