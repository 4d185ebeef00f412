import { describe, expect, it } from "vitest";
import { DigitBuffer } from "../../ts/phone/DigitBuffer.ts";
import { VirtualClock } from "../../ts/testkit/index.ts";

function buffer(): { clock: VirtualClock; digits: DigitBuffer } {
  const clock = new VirtualClock();
  return { clock, digits: new DigitBuffer(clock) };
}

describe("collecting digits", () => {
  it("ends at the count, and leaves what was pressed after", async () => {
    const { digits, clock } = buffer();
    digits.push("1");
    const input = digits.collect({ count: 3 });
    for (const digit of "9567") digits.push(digit);
    expect(await input).toBe("195");
    expect(digits.take(null)).toBe("67");
    expect(clock.pending).toBe(0);
  });

  it("ends at the terminator, which is no part of it", async () => {
    const { digits } = buffer();
    const input = digits.collect({ count: 10, terminator: "#" });
    for (const digit of "42#7") digits.push(digit);
    expect(await input).toBe("42");
    expect(digits.take(-1)).toBe("7");
  });

  it("takes the terminator that follows the last digit of the count along", async () => {
    const { digits } = buffer();
    for (const digit of "42#7") digits.push(digit);
    expect(await digits.collect({ count: 2, terminator: "#" })).toBe("42");
    expect(digits.take(-1)).toBe("7");
  });

  it("ends with nothing when nobody presses anything", async () => {
    const { digits, clock } = buffer();
    const input = digits.collect({ timeout: 3_000 });
    await clock.advance(2_999);
    expect(clock.pending).toBe(1);
    await clock.advance(1);
    expect(await input).toBe("");
  });

  it("ends at a pause between two digits, counted anew after each", async () => {
    const { digits, clock } = buffer();
    const input = digits.collect({ timeout: 100, interDigitTimeout: 1_000 });
    digits.push("1");
    await clock.advance(900);
    digits.push("2");
    await clock.advance(900);
    expect(clock.pending).toBe(1);
    await clock.advance(100);
    expect(await input).toBe("12");
  });

  it("ends with the call, with what there is", async () => {
    const { digits, clock } = buffer();
    const input = digits.collect({ count: 5 });
    digits.push("8");
    digits.close();
    expect(await input).toBe("8");
    expect(clock.pending).toBe(0);
  });

  it.each([true, false])("on abort rejects and keeps the digits (aborted before: %s)", async (before) => {
    const { digits, clock } = buffer();
    const controller = new AbortController();
    if (before) controller.abort(new Error("enough"));
    digits.push("5");
    const input = digits.collect({ count: 2, signal: controller.signal });
    if (!before) controller.abort(new Error("enough"));
    await expect(input).rejects.toThrow("enough");
    expect(digits.take(-1)).toBe("5");
    expect(clock.pending).toBe(0);
  });
});
