import { expect } from "vitest";
import type { VoIPCall, VoIPPhone } from "../../../ts/index.ts";
import { Answering, talk } from "../calls.ts";
import { measure, sine, uriOf, within } from "../support.ts";
import { startPhone } from "./calls.ts";

const AMPLITUDE = 8_000;
/** The engine's buffer and the phone's queue behind it take this much; no fault here takes longer. */
const LONGEST = 60;
const WINDOW = 160;

/**
 * A call of `phone` beside the one that something happens to: a tone goes each way from now on. `phone` needs `audioFormat: "s16le"`.
 */
export async function callBeside(phone: VoIPPhone): Promise<{ readonly call: VoIPCall; hears(seconds: number): Promise<void>; unharmed(): Promise<void> }> {
  const other = await startPhone("beside", { callClass: Answering });
  const [call, far] = await talk(phone, other, uriOf(other, "beside"));
  const ears = [new Ear(call, far, 1_000), new Ear(far, call, 440)];
  call.writeAudio(new Uint8Array(sine(440, LONGEST, AMPLITUDE).buffer));
  far.writeAudio(new Uint8Array(sine(1_000, LONGEST, AMPLITUDE).buffer));
  // What it hears while the fault begins counts, and not its own beginning.
  await Promise.all(ears.map((ear) => ear.hears(0.4)));
  return {
    call,
    /** Settles when so much more has been heard of it: a fault's own pace, which no timer has to keep. */
    hears: async (seconds) => void (await Promise.all(ears.map((ear) => ear.hears(seconds)))),
    /** What it has heard since is the tone at its level without a packet lost; more comes; and digits arrive both ways. */
    async unharmed() {
      await Promise.all(ears.map((ear) => ear.hears(0.6)));
      for (const ear of ears) ear.verdict();
      expect([call.state, far.state]).toEqual(["ANSWERED", "ANSWERED"]);
      const pressed = [call.collectDtmf({ count: 3 }), far.collectDtmf({ count: 3 })];
      await within(10_000, "the digits to be sent", Promise.all([call.sendDtmf("1#A"), far.sendDtmf("90*")]));
      expect(await within(10_000, "the digits", Promise.all(pressed))).toEqual(["90*", "1#A"]);
      // A digit goes in place of the tone (RFC 4733 §2.5.1.1): what was heard of them is judged no more.
      await Promise.all(ears.map((ear) => ear.hears(0.1)));
      for (const ear of ears) ear.judgeFromHere();
    },
  };
}

/** Hears one end of a call from the beginning. */
class Ear {
  readonly #call: VoIPCall;
  readonly #far: VoIPCall;
  readonly #hertz: number;
  readonly #windows: { share: number; level: number }[] = [];
  #waiting: { windows: number; settle: () => void }[] = [];
  /** Windows and stalls before what is judged: a call's first half second, at first. */
  #before = { windows: 20, stalls: 0 };

  constructor(call: VoIPCall, far: VoIPCall, hertz: number) {
    this.#call = call;
    this.#far = far;
    this.#hertz = hertz;
    void this.#listen();
  }

  async #listen(): Promise<void> {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- one window after the other
      const bytes = await this.#call.readAudio(2 * WINDOW);
      if (bytes.length < 2 * WINDOW) return;
      this.#windows.push(measure(this.#hertz, new Int16Array(bytes.buffer, bytes.byteOffset, WINDOW)));
      this.#waiting = this.#waiting.filter(({ windows, settle }) => {
        if (this.#windows.length < windows) return true;
        settle();
        return false;
      });
    }
  }

  /** Settles after so many seconds more. */
  hears(seconds: number): Promise<void> {
    const windows = this.#windows.length + seconds * 50;
    const heard = new Promise<void>((settle) => this.#waiting.push({ windows, settle }));
    return within(15_000, `${this.#call.remote} to be heard for ${seconds} s more`, heard);
  }

  /**
   * The tone in nine windows of ten since the first half second or the last digits, at its level to a decibel, and no packet lost. A machine too busy to run us every
   * 20 ms makes a phone skip frames and conceal, and it says so: each of those may spoil the two windows that it touches.
   */
  verdict(): void {
    const statistics = this.#call.stats();
    const stalls = this.#stalls() - this.#before.stalls;
    const windows = this.#windows.slice(this.#before.windows);
    const good = windows.filter(({ share }) => share > 0.9);
    const report = JSON.stringify({ hertz: this.#hertz, windows: windows.length, good: good.length, stalls, ...statistics });
    expect(windows.length, report).toBeGreaterThanOrEqual(20);
    expect(good.length, report).toBeGreaterThanOrEqual(Math.max(0.9 * windows.length - 2 * stalls, 0.25 * windows.length));
    // Of the whole ones: where frames are missing, what was made up for them fades.
    const level = good.map((window) => window.level).toSorted((a, b) => a - b)[Math.floor(0.9 * good.length)] ?? 0;
    expect(Math.abs(20 * Math.log10(level / (AMPLITUDE / Math.SQRT2))), report).toBeLessThan(1);
    expect(statistics.packetsLost, report).toBe(0);
    expect(statistics.samplesOverrun, report).toBe(0);
  }

  judgeFromHere(): void {
    this.#before = { windows: this.#windows.length, stalls: this.#stalls() };
  }

  #stalls(): number {
    const { samplesConcealed, samplesStretched } = this.#call.stats();
    const { framesSkipped, framesSilent } = this.#far.stats();
    return framesSkipped + framesSilent + (samplesConcealed + samplesStretched) / WINDOW;
  }
}
