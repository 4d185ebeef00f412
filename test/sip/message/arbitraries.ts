import fc from "fast-check";
import { NameAddr, SIPRequest, SIPURI, Via } from "../../../ts/sip/message/index.ts";

const TOKEN = "abcXYZ019-.!%*_+`'~".split("");

export const token: fc.Arbitrary<string> = fc.string({ unit: fc.constantFrom(...TOKEN), minLength: 1, maxLength: 12 });
export const host: fc.Arbitrary<string> = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6());
export const port: fc.Arbitrary<number | undefined> = fc.option(fc.integer({ min: 0, max: 65_535 }), { nil: undefined });

/** Any text that may be quoted or escaped: everything but line breaks and lone surrogates. */
export const text: fc.Arbitrary<string> = fc
  .string({ unit: "binary", minLength: 1, maxLength: 20 })
  .filter((value) => !/[\r\n]/.test(value) && Buffer.from(value).toString() === value);

export const uri: fc.Arbitrary<SIPURI> = fc
  .record({
    scheme: fc.constantFrom("sip" as const, "sips" as const),
    user: fc.option(text, { nil: undefined }),
    host,
    port,
    params: fc.array(fc.tuple(token, fc.oneof(fc.constant(true as const), text)), { maxLength: 3 }),
  })
  .map((parts) => new SIPURI(parts));

export const nameAddr: fc.Arbitrary<NameAddr> = fc
  .record({
    displayName: fc.option(text, { nil: undefined }),
    uri,
    params: fc.array(fc.tuple(token, fc.oneof(fc.constant(true as const), text)), { maxLength: 3 }),
  })
  .map((parts) => new NameAddr(parts));

export const via: fc.Arbitrary<Via> = fc
  .record({ protocol: fc.constantFrom("UDP", "TCP", "TLS", "x-new"), host, port, branch: token })
  .map(({ branch, ...parts }) => new Via({ ...parts, params: { branch, rport: true } }));

export const method: fc.Arbitrary<string> = fc.oneof(fc.constantFrom("INVITE", "ACK", "BYE", "REGISTER"), token);

export const request: fc.Arbitrary<SIPRequest> = fc
  .record({
    method,
    uri,
    vias: fc.array(via, { minLength: 1, maxLength: 4 }),
    from: nameAddr,
    to: nameAddr,
    contacts: fc.array(nameAddr, { maxLength: 3 }),
    routes: fc.array(nameAddr, { maxLength: 3 }),
    callId: token,
    sequence: fc.nat(),
    extra: fc.array(fc.tuple(fc.constantFrom("Subject", "X-One", "x-two", "Supported"), text), { maxLength: 4 }),
    body: fc.uint8Array({ maxLength: 64 }),
  })
  .map((parts) =>
    SIPRequest.create({
      method: parts.method,
      uri: parts.uri,
      headers: [
        ...lines("Via", parts.vias),
        ...lines("From", [parts.from]),
        ...lines("To", [parts.to]),
        ["Call-ID", parts.callId],
        ["CSeq", `${parts.sequence} ${parts.method}`],
        ...lines("Contact", parts.contacts),
        ...lines("Route", parts.routes.length === 0 ? [] : [parts.routes.map(String).join(", ")]),
        ...parts.extra,
      ],
      body: parts.body,
    }),
  );

function lines(name: string, values: readonly (NameAddr | Via | string)[]): (readonly [string, string])[] {
  return values.map((value) => [name, String(value)]);
}
