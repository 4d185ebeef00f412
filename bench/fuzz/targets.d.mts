/** The modules under test: the compiled ones, or the sources where a test runner can load them. */
export interface Modules {
  readonly sip: typeof import("../../ts/sip/index.ts");
  readonly auth: typeof import("../../ts/sip/auth/index.ts");
  readonly sdp: typeof import("../../ts/sdp/index.ts");
  readonly net: typeof import("../../ts/net/index.ts");
  readonly testkit: typeof import("../../ts/testkit/index.ts");
}
