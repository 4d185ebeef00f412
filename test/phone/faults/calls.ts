import { onTestFinished } from "vitest";
import type { VoIPPhone, VoIPPhoneParameter } from "../../../ts/index.ts";
import type { Registrar } from "../../../ts/testkit/index.ts";
import { newPhone } from "../support.ts";

/** A started phone whose audio is 16-bit, stopped with the test. */
export async function startPhone(user: string, options: Partial<VoIPPhoneParameter> = {}, registrar?: Registrar): Promise<VoIPPhone> {
  const phone = newPhone(user, registrar, { audioFormat: "s16le", ...options });
  onTestFinished(() => phone.stop());
  await phone.start();
  return phone;
}

/** The port of the first description in a message. */
export function mediaPortOf(message: string): number {
  return Number(/^m=audio (\d+) /m.exec(message)?.[1]);
}
