import { type Credentials, createChallenge, DigestAuthenticator, verifyDigest } from "../../../ts/sip/auth/index.ts";
import type { ChallengeInit, DigestAuthenticatorOptions } from "../../../ts/sip/auth/index.ts";
import { SIPRequest, SIPResponse } from "../../../ts/sip/message/index.ts";

export const alice: Credentials = { username: "alice", password: "secret" };

export function authenticatorFor(credentials: Credentials, options?: DigestAuthenticatorOptions): DigestAuthenticator {
  return new DigestAuthenticator({ get: () => credentials }, options);
}

export function register(body = ""): SIPRequest {
  return SIPRequest.create({
    method: "REGISTER",
    uri: "sip:example.com",
    headers: [
      ["From", "<sip:alice@example.com>;tag=1"],
      ["To", "<sip:alice@example.com>"],
      ["Call-ID", "1"],
      ["CSeq", "1 REGISTER"],
    ],
    body,
  });
}

/** A 401 with a header line for each challenge. */
export function unauthorized(...challenges: ChallengeInit[]): SIPResponse {
  return SIPResponse.create({ status: 401, headers: challenges.map((challenge) => ["WWW-Authenticate", createChallenge(challenge)]) });
}

/** Whether any Authorization line proves alice's password. */
export function proves(request: SIPRequest, header = "Authorization"): boolean {
  return request.headers
    .getAll(header)
    .some((authorization) => verifyDigest({ authorization, method: request.method, password: alice.password, body: request.body }));
}
