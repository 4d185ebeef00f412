import { expect, it } from "vitest";
import { fuzz } from "../../bench/fuzz/run.mjs";
import * as net from "../../ts/net/index.ts";
import * as sdp from "../../ts/sdp/index.ts";
import * as auth from "../../ts/sip/auth/index.ts";
import * as sip from "../../ts/sip/index.ts";
import * as testkit from "../../ts/testkit/index.ts";

// `npm run bench -- fuzz` goes on from here, for as many inputs and with as many seeds as one likes.
const SEED = Number(process.env["FUZZ_SEED"] ?? 3261);

it(`20,000 mutated inputs throw nothing but parse errors and leave nothing behind (seed ${SEED})`, { timeout: 120_000 }, async () => {
  const { inputs, findings } = await fuzz({ sip, auth, sdp, net, testkit }, { inputs: 20_000, seed: SEED });
  expect(findings.map(({ target, input, error }) => ({ target, input: input.toString("latin1"), error }))).toEqual([]);
  expect(Object.values(inputs).reduce((sum, count) => sum + count, 0)).toBe(20_000);
});
