import type { SIPClientOptions } from "../sip/SIPClient.ts";
import { CredentialsManager } from "./CredentialsManager.ts";
import type { PhoneOptions } from "./options.ts";
import { TARGET_DIALOG } from "./targetDialog.ts";

/** The options that a phone hands to its SIP client as they are. */
const SAME = [
  "server",
  "port",
  "outboundProxy",
  "keepAlive",
  "expires",
  "registerFailureThreshold",
  "acceptCalls",
  "userAgent",
  "trace",
  "rel100",
  "sessionExpires",
  "minSE",
  "allowMD5Auth",
  "allowBasicAuth",
  "followRedirects",
  "maxTransactions",
  "timers",
] as const satisfies readonly (keyof PhoneOptions & keyof SIPClientOptions)[];

type ClientOptions = Omit<SIPClientOptions, "transport" | "hostFor" | "resolve">;

/** What of a phone's options concerns its SIP client. */
export function clientOptions(options: PhoneOptions): ClientOptions {
  const { user, credentialsManager = new CredentialsManager(), transportMode, acceptTransfers = false } = options;
  return {
    ...given(options),
    ...(transportMode === undefined ? {} : { protocol: transportMode.value }),
    ...(acceptTransfers === false ? {} : { supported: [TARGET_DIALOG] }),
    user,
    credentials: credentialsManager,
  };
}

type Given = { readonly [Name in (typeof SAME)[number]]?: NonNullable<PhoneOptions[Name]> };

function given(options: PhoneOptions): Given {
  return Object.fromEntries(SAME.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]));
}
