import { onTestFinished } from "vitest";
import { CredentialsManager, VoIPPhone, type VoIPPhoneParameter } from "../../ts/index.ts";
import { Registrar } from "../../ts/testkit/index.ts";

export const users = { alice: "wonderland", bob: "builder", carol: "singer" };
export type User = keyof typeof users;

/** Where the commands of these tests put their RTP. */
export const PORTS = ["--rtp-ports", "24000-25999"];

/** A registrar that is stopped with the test. */
export async function startRegistrar(options: Partial<ConstructorParameters<typeof Registrar>[0]> = {}): Promise<Registrar> {
  const registrar = new Registrar({ users, ...options });
  await registrar.start();
  onTestFinished(() => registrar.stop());
  return registrar;
}

/** The options of an account at the registrar. */
export function account(user: User, { port }: Registrar): string[] {
  return ["--server", `127.0.0.1:${port}`, "--user", user, "--bind", "127.0.0.1", "--json"];
}

/** Its password, in the environment. */
export function passwordOf(user: User): Record<string, string> {
  return { SIDETONE_PASSWORD: users[user] };
}

/** A phone at the other end, at the registrar or by itself. */
export async function startPhone(user: User, options: Partial<VoIPPhoneParameter> = {}, registrar?: Registrar): Promise<VoIPPhone> {
  const credentialsManager = new CredentialsManager();
  credentialsManager.add(user, users[user]);
  const server = registrar === undefined ? {} : { server: "127.0.0.1", port: registrar.port };
  const own = { user, credentialsManager, bindIp: "127.0.0.1", bindPort: 0, rtpPortLow: 26_000, rtpPortHigh: 27_999 };
  const phone = new VoIPPhone({ ...server, ...own, ...options });
  await phone.start();
  onTestFinished(() => phone.stop());
  return phone;
}

/** The address at which such a phone can be called without a server. */
export function addressOf(phone: VoIPPhone, user: User): string {
  return `sip:${user}@127.0.0.1:${phone.localEndpoint?.port}`;
}
