// @ts-check
// Notes when each packet comes, for as many seconds as its argument says, counted from the first one.
import dgram from "node:dgram";
import process from "node:process";

const seconds = Number(process.argv[2]);
const arrivals = new Float64Array(seconds * 1_000);
let count = 0;

const socket = dgram.createSocket("udp4");
socket.on("message", () => {
  const now = performance.now();
  if (count > 0 && now >= (arrivals[0] ?? 0) + seconds * 1_000) finish();
  else if (count < arrivals.length) arrivals[count++] = now;
});
socket.bind(0, "127.0.0.1", () => process.send?.({ port: socket.address().port }));

function finish() {
  socket.close();
  const spacings = arrivals.subarray(1, count).map((arrival, index) => arrival - (arrivals[index] ?? 0));
  const bursts = spacings.filter((spacing) => spacing < 10).length;
  spacings.sort();
  const quantile = (/** @type {number} */ q) => spacings[Math.min(spacings.length - 1, Math.floor(spacings.length * q))] ?? 0;
  process.send?.({ count, median: quantile(0.5), p99: quantile(0.99), max: quantile(1), bursts });
  process.disconnect();
}
