import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { align } from "../../audio/correlate.ts";
import { alignPieces } from "../../audio/correlatePieces.ts";
import { readWav } from "../../audio/wav.ts";
import { CredentialsManager, type EngineName, VoIPCall, VoIPPhone } from "../../index.ts";
import { Registrar } from "../../testkit/index.ts";
import { DemoError, within } from "./deadline.ts";
import { Listener } from "./Listener.ts";
import type { Speech, Story } from "./Story.ts";

/** The WAV of what Bob heard, in the demo's folder. */
export const HEARD_BY_BOB = "heard-by-bob.wav";

const ASSETS = new URL("../../../assets/", import.meta.url);
const DIGITS = "1234#";
/** What G.711 leaves of speech is above 0.999; a hole of one syllable is already below this. */
const LEAST_CORRELATION = 0.98;
/** How often somebody says it. Where the machine is busy, an engine on JavaScript's thread comes too late for a frame now and then. */
const TAKES = 5;
/** Seconds that a step of signalling may take; on loopback it takes hundredths. */
const STEP = 10;

/** Bob decides himself when he answers. */
class PatientCall extends VoIPCall {
  override ringing(): void {}
}

/** What the scene needs of the command line. */
export interface Setting {
  readonly engine?: EngineName;
  /** Where Bob's recording goes. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** Both directions of the call, and the samples that were played into them. */
interface Said {
  readonly there: Speech;
  readonly speech: Int16Array;
  readonly back: Speech;
  readonly reply: Int16Array;
}

/**
 * Plays the whole call: register, call, speak, reply, digits, hang up, deregister.
 * @throws DemoError, or whatever a step throws; everything is closed by then
 */
export async function playScene(story: Story, setting: Setting): Promise<void> {
  const passwords = { alice: randomUUID(), bob: randomUUID() };
  const registrar = new Registrar({ users: passwords });
  registrar.trace = (entry) => story.trace.push(entry);
  await registrar.start();
  const phones: VoIPPhone[] = [];
  let said: Said;
  try {
    story.tell(
      "registrar",
      { address: registrar.address, port: registrar.port },
      `registrar and proxy on ${registrar.address}:${registrar.port}`,
    );
    const alice = newPhone("alice", passwords.alice, registrar, setting);
    const bob = newPhone("bob", passwords.bob, registrar, setting);
    phones.push(alice, bob);
    await register("alice", alice, story, setting.signal);
    story.alicePort = alice.localEndpoint?.port ?? 0;
    await register("bob", bob, story, setting.signal);
    said = await talk(alice, bob, story, setting);
  } finally {
    // The calls of an interrupted demo end with their phones.
    await Promise.allSettled(phones.map((phone) => phone.stop()));
    await registrar.stop();
  }
  story.tell("deregistered", {}, "both phones have deregistered");
  // What Bob's WAV holds, not what was in memory.
  judge(said.there, said.speech, await readWav(join(setting.folder, HEARD_BY_BOB)));
  judge(said.back, said.reply, said.back.ear.samples());
}

function newPhone(user: string, password: string, registrar: Registrar, { engine }: Setting): VoIPPhone {
  const credentialsManager = new CredentialsManager();
  credentialsManager.add(user, password);
  return new VoIPPhone({
    server: registrar.address,
    port: registrar.port,
    user,
    credentialsManager,
    callClass: PatientCall,
    bindIp: "127.0.0.1",
    bindPort: 0,
    audioFormat: "s16le",
    ...(engine === undefined ? {} : { engine }),
  });
}

async function register(name: string, phone: VoIPPhone, story: Story, signal: AbortSignal): Promise<void> {
  await within(STEP, `${name} registers`, phone.start(), signal);
  const port = phone.localEndpoint?.port;
  story.tell("registered", { user: name, port }, `${name} is registered, with a password, from port ${port}`);
}

async function talk(alice: VoIPPhone, bob: VoIPPhone, story: Story, setting: Setting): Promise<Said> {
  const { signal } = setting;
  const incoming = new Promise<VoIPCall>((resolve) => {
    bob.once("incoming", resolve);
  });
  story.tell("calling", { from: "alice", to: "bob" }, "alice calls bob");
  const placed = await alice.call("bob");
  const rings = new Promise<void>((resolve) => {
    placed.once("ringing", () => resolve());
  });
  const answered = new Promise<void>((resolve) => {
    placed.once("answered", () => resolve());
  });
  const taken = await within(STEP, "bob's phone rings", orEnd(placed, incoming), signal);
  await within(STEP, "alice hears it ring", orEnd(placed, rings), signal);
  story.tell("ringing", { call: placed.callId }, "bob's phone rings");
  taken.on("dtmf", (digit) => hearDigit(story, digit));
  const recording = await taken.record(join(setting.folder, HEARD_BY_BOB));
  await within(STEP, "bob answers", Promise.all([taken.answer(), orEnd(placed, answered)]), signal);
  story.tell("answered", { call: placed.callId }, "bob answers");

  const there: Speech = { speaker: "Alice", listener: "Bob", spokenIn: placed, heardIn: taken, ear: new Listener(taken) };
  const back: Speech = { speaker: "Bob", listener: "Alice", spokenIn: taken, heardIn: placed, ear: new Listener(placed) };
  story.speeches.push(there, back);
  const speech = await speak(there, "speech.wav", story, signal);
  const reply = await speak(back, "reply.wav", story, signal);
  await sendDigits(placed, there, story, signal);

  story.tell("hangup", { by: "bob" }, "bob hangs up");
  const ends = Promise.all([taken.hangup(), placed.ended, taken.ended]);
  const [, end] = await within(STEP, "the call ends", ends, signal);
  if (end.by !== "remote" || end.cause !== "bye")
    throw new DemoError(`Bob hung up, but for Alice the call ended otherwise: ${end.by} ${end.cause}`);
  story.tell("ended", { call: placed.callId, by: end.by, cause: end.cause }, "for alice the call has ended as well");
  await recording.stop();
  return { there, speech, back, reply };
}

/** What a step waits for, or a call that ends instead. */
async function orEnd<T>(call: VoIPCall, step: Promise<T>): Promise<T> {
  const result = await Promise.race([step.then((value) => ({ value })), call.ended]);
  if ("value" in result) return result.value;
  throw new DemoError(`the call ended too early: ${result.cause} ${result.status ?? ""} ${result.reason ?? ""}`.trimEnd());
}

/** One side speaks, the other listens to the end, and asks again where a piece was missing. @returns what was said */
async function speak(speech: Speech, file: string, story: Story, signal: AbortSignal): Promise<Int16Array> {
  const { speaker, listener } = speech;
  const path = fileURLToPath(new URL(file, ASSETS));
  const samples = await readWav(path);
  for (let take = 1; ; take += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one take after the other
    const { correlation, skipped } = await speakOnce(speech, path, samples, story, signal);
    if (correlation >= LEAST_CORRELATION || take === TAKES) return samples;
    const why = skipped === 0 ? "packets came unevenly" : `the process was held up for ${skipped * 20} ms`;
    const again = `${speaker.toLowerCase()} says it again`;
    story.tell(
      "again",
      { from: speaker, to: listener, correlation, framesSkipped: skipped },
      `correlation ${correlation.toFixed(4)}, because ${why}: ${again}`,
    );
  }
}

async function speakOnce(
  { speaker, listener, spokenIn, ear }: Speech,
  path: string,
  samples: Int16Array,
  story: Story,
  signal: AbortSignal,
): Promise<{ correlation: number; skipped: number }> {
  const seconds = samples.length / 8000;
  const heardBefore = ear.samples().length;
  const { framesSkipped } = spokenIn.stats();
  story.mark(speaker === "Alice" ? 0 : 2, `RTP: ${speaker} speaks, ${seconds.toFixed(1)} s`);
  const end = story.meter(`${speaker.toLowerCase()} speaks, ${listener.toLowerCase()} hears`, ear);
  // The last of it is still in the listener's jitter buffer when it has been sent.
  await within(seconds + STEP, `${speaker} speaks`, spokenIn.play(path, { signal }), signal);
  await within(STEP, `${listener} listens`, ear.hear(0.5), signal);
  end();
  const { correlation } = align(samples, ear.samples().subarray(heardBefore), { lowest: 0, highest: 8000 });
  const fields = { from: speaker, to: listener, seconds, correlation };
  story.tell("spoken", fields, `${listener.toLowerCase()} has heard ${seconds.toFixed(1)} s of speech`);
  return { correlation, skipped: spokenIn.stats().framesSkipped - framesSkipped };
}

async function sendDigits(placed: VoIPCall, { ear }: Speech, story: Story, signal: AbortSignal): Promise<void> {
  story.digitsSent = DIGITS;
  story.tell("sending", { digits: DIGITS }, `alice presses ${DIGITS.split("").join(" ")}`);
  await within(STEP, "alice sends digits", placed.sendDtmf(DIGITS), signal);
  await within(STEP, "bob hears the digits", ear.hear(0.3), signal);
  if (story.digitsHeard !== DIGITS) throw new DemoError(`Alice pressed ${DIGITS}, Bob heard ${story.digitsHeard || "nothing"}`);
}

function hearDigit(story: Story, digit: string): void {
  story.digitsHeard += digit;
  story.mark(0, `RTP: digit ${digit}`, digit);
  story.tell("dtmf", { digit }, `bob hears digit ${digit}`);
}

/**
 * Compares what was heard with what was said. First as one piece; where the speaker's engine was held up and sent a pause, piece by
 * piece, since what comes after a pause is later and not lost.
 * @throws DemoError when the speech is not there
 */
function judge(speech: Speech, said: Int16Array, heard: Int16Array): void {
  const match = align(said, heard);
  speech.match = match;
  if (match.correlation >= LEAST_CORRELATION) return;
  const pieces = alignPieces(said, heard, match.offset);
  speech.pieces = pieces;
  if (pieces.correlation >= LEAST_CORRELATION) return;
  const { framesSkipped, engine } = speech.spokenIn.stats();
  const why = framesSkipped > 0 ? ` (the ${engine} engine was held up for ${framesSkipped} frames: this machine is too busy for it)` : "";
  const value = `${pieces.correlation.toFixed(4)}, less than ${LEAST_CORRELATION}`;
  throw new DemoError(`what ${speech.listener} heard is not what ${speech.speaker} said: the correlation is ${value}${why}`);
}
