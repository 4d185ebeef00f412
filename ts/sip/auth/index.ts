export { type Challenge, type DigestCredentials, parseAuthorization, parseChallenge, parseChallenges } from "./challenge.ts";
export type { Credentials, CredentialsSource } from "./credentials.ts";
export { DigestAuthenticator, type DigestAuthenticatorOptions } from "./DigestAuthenticator.ts";
export { type ChallengeInit, createChallenge, type VerifyInput, verifyDigest } from "./verify.ts";
