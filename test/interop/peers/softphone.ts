import type { Kamailio } from "./Kamailio.ts";
import type { Peers, users } from "./Peers.ts";
import type { Sound } from "./wav.ts";

/** What the tests want of any softphone that they did not write. All of it is asked for; what became of it shows at the other end. */
export interface Softphone {
  /** The port of 127.0.0.1 at which it takes calls without a proxy, by its own transport. */
  readonly sipPort: number;
  /** Settles when it takes itself to be in its `nth` call. Default the first. */
  readonly talks: (nth?: number) => Promise<void>;
  readonly dial: (uri: string) => Promise<void>;
  readonly hangup: () => Promise<void>;
  readonly hold: () => Promise<void>;
  readonly resume: () => Promise<void>;
  readonly press: (digits: string) => Promise<void>;
  /** Settles when it has heard these digits, one after the other. */
  readonly hears: (digits: string) => Promise<void>;
  /** Hands its call over to somebody else. */
  readonly transfer: (uri: string) => Promise<void>;
  /** Sends a MESSAGE to {@link phoneURI}. */
  readonly message: (text: string) => Promise<void>;
  /** Settles when it has shown a MESSAGE with this in it. */
  readonly shows: (text: RegExp) => Promise<void>;
  /** Ends it, and says what it heard: call by call, or all in one. */
  readonly recordings: () => Promise<Sound[]>;
}

export type SoftphoneKind = "baresip" | "linphone";
export type Protocol = "UDP" | "TCP" | "TLS";

/** The address of record of the phone under test. */
export const phoneURI = "sip:phone@127.0.0.1";

/** One of {@link users} that answers by itself; registered at `kamailio`, without which only baresip runs. */
export async function softphone(
  peers: Peers,
  kind: SoftphoneKind,
  name: keyof typeof users,
  says: Sound,
  kamailio?: Kamailio,
  protocol: Protocol = "UDP",
): Promise<Softphone> {
  if (kind === "baresip") {
    const baresip = await peers.baresip(name, says, { ...(kamailio ? { kamailio } : {}), protocol, autoAnswer: true });
    const command = async (text: string, parameter?: string): Promise<void> => {
      await baresip.command(text, parameter);
    };
    return {
      sipPort: baresip.sipPort,
      talks: async (nth = 1) => {
        let count = 0;
        await baresip.event(({ type }) => type === "CALL_ESTABLISHED" && (count += 1) === nth);
      },
      dial: (uri) => command("dial", uri),
      hangup: () => command("hangup"),
      hold: () => command("hold"),
      resume: () => command("resume"),
      press: async (digits) => {
        for (const digit of digits) await baresip.sendDigit(digit);
      },
      hears: async (digits) => {
        for (const digit of digits) await baresip.event(({ type, param }) => type === "CALL_DTMF_START" && param === digit);
      },
      transfer: (uri) => command("transfer", uri),
      message: (text) => command("message", text),
      shows: async (text) => {
        await baresip.process.line(text);
      },
      recordings: async () => {
        await baresip.stop();
        return baresip.heard();
      },
    };
  }
  if (!kamailio) throw new Error("linphone wants a registrar");
  const linphone = await peers.linphone(name, says, kamailio, protocol);
  return {
    sipPort: linphone.sipPort,
    talks: async (nth = 1) => {
      await linphone.process.line(new RegExp(`^Call ${nth} with .* (connected|established)`));
    },
    dial: async (uri) => linphone.dial(uri),
    hangup: async () => linphone.hangup(),
    hold: () => linphone.pause(),
    resume: () => linphone.resume(),
    press: async (digits) => linphone.press(digits),
    hears: async (digits) => {
      for (const digit of digits) await linphone.process.line(new RegExp(`Receiving tone [${digit}] from`));
    },
    transfer: async (uri) => linphone.transfer(uri),
    message: async (text) => linphone.message(phoneURI, text),
    shows: async (text) => {
      await linphone.process.line(text);
    },
    recordings: async () => {
      await linphone.stop();
      return [linphone.heard()];
    },
  };
}
