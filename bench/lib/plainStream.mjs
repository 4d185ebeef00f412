// @ts-check

/**
 * PCMU both ways and nothing besides, what the barest offer settles: as `StreamParameters::plain` of the Rust core.
 * @param {string} remoteAddress
 * @param {number} remotePort
 * @returns {import("../../ts/media/contract.ts").StreamParameters}
 */
export function plainStream(remoteAddress, remotePort) {
  return {
    direction: "sendrecv",
    remoteAddress,
    remotePort,
    sendPayloadType: 0,
    sendEncoding: "PCMU",
    sendEventPayloadType: -1,
    receivePayloadTypes: [0],
    receiveEncodings: ["PCMU"],
    receiveEventPayloadType: -1,
  };
}
