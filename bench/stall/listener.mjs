// @ts-check
// Hears a call until the last of 250 numbered frames has come. Every frame is a constant level that stands for its number.
import dgram from "node:dgram";
import process from "node:process";

/** @type {{ time: number, sequence: number, code: number }[]} */
const heard = [];
const socket = dgram.createSocket({ type: "udp4", recvBufferSize: 1 << 20 });
socket.on("message", (packet) => {
  heard.push({ time: performance.now(), sequence: packet.readUInt16BE(2), code: packet[100] ?? 0xff });
  // Silence again after audio: it was all.
  if (packet[100] === 0xff && heard.some(({ code }) => code !== 0xff)) finish();
});
socket.bind(0, "127.0.0.1", () => process.stdout.write(`${socket.address().port}\n`));

function finish() {
  socket.close();
  const audio = heard.filter(({ code }) => code !== 0xff);
  const spacings = audio.slice(1).map(({ time }, index) => time - (audio[index]?.time ?? 0));
  const steps = audio.slice(1).map(({ sequence }, index) => (sequence - (audio[index]?.sequence ?? 0)) & 0xffff);
  // Frame n has level n modulo 100: the one after it the next.
  const disordered = audio.slice(1).filter(({ code }, index) => code !== 0x80 + ((0x80 ^ (audio[index]?.code ?? 0)) + 1) % 100).length;
  spacings.sort((a, b) => a - b);
  const at = (/** @type {number} */ share) => Number((spacings[Math.min(spacings.length - 1, Math.floor(spacings.length * share))] ?? 0).toFixed(2));
  const missing = steps.reduce((sum, step) => sum + step - 1, 0);
  process.stdout.write(`${JSON.stringify({ median: at(0.5), p99: at(0.99), longest: at(1), frames: audio.length, missing, disordered })}\n`);
  process.stdin.unref();
}
