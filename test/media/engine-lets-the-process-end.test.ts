import { expect, it } from "vitest";
import { compiledForThisFile } from "./compiled.ts";
import { engine } from "./engine.ts";
import { runningPair } from "./runningPair.ts";

const compiled = compiledForThisFile();

/** A pair of sessions in full swing. */
const running = `
  import { loadEngine } from "./dist/media/load.js";
  const { engine } = loadEngine();
  ${runningPair}
`;
const env = { SIDETONE_ENGINE: engine.name };

it("by itself, with sessions still open", async () => {
  expect(await compiled().run(`${running} clearInterval(hold); console.log("end");`, env)).toEqual({ code: 0, stdout: "end", stderr: "" });
});

it("by itself, with sessions closed", async () => {
  const code = `${running}
    await Promise.all([near.close(), far.close()]);
    clearInterval(hold);
    console.log(process.getActiveResourcesInfo().filter((name) => name !== "PipeWrap" && name !== "TTYWrap").join());`;
  expect(await compiled().run(code, env)).toEqual({ code: 0, stdout: "", stderr: "" });
});

it("by process.exit in the middle of it", async () => {
  const code = `${running}
    near.onEvent = () => {};
    near.sendEvents([1, 2, 3], 100, 50);
    far.onEvent = () => process.exit(7);`;
  expect(await compiled().run(code, env)).toEqual({ code: 7, stdout: "", stderr: "" });
});

it("by process.exit, with calls on several media threads and audio on its way both ways", async () => {
  const code = `${running.replace("loadEngine()", "loadEngine(undefined, { threads: 4, realTime: false })")}
    const group = engine.group([near, far]);
    const samples = new Int16Array(3200);
    const counts = new Uint32Array(2);
    for (let round = 0; round < 4; round++) {
      await Promise.all([near.whenReadable(320), far.whenReadable(320)]);
      group.read(samples, counts);
      group.write(samples, counts);
    }
    void near.whenQueued(0).then(() => process.exit(7));`;
  expect(await compiled().run(code, env)).toEqual({ code: 7, stdout: "", stderr: "" });
});

it("with the reason, by an error in a listener", async () => {
  const code = `${running}
    far.onEvent = () => { throw new Error("a defect in the listener"); };
    near.sendEvents([1], 100, 50);`;
  const { code: status, stderr } = await compiled().run(code, env);
  expect(status).toBe(1);
  expect(stderr).toContain("a defect in the listener");
});

it("a listener's error, when it is caught, keeps no other session from its events", async () => {
  const code = `${running}
    process.on("uncaughtException", (error) => console.log(error.message));
    near.onEvent = () => { throw new Error("near"); };
    near.sendEvents([1], 100, 50);
    far.sendEvents([2], 100, 50);
    await new Promise((resolve) => { far.onEvent = (event) => event.type === "dtmf-sent" && resolve(); });
    await Promise.all([near.close(), far.close()]);
    clearInterval(hold);
    console.log("far");`;
  const { code: status, stdout } = await compiled().run(code, env);
  expect(status).toBe(0);
  expect(new Set(stdout.split("\n"))).toEqual(new Set(["near", "far"]));
});
