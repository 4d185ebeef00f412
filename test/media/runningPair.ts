/** A piece of JavaScript: with an `engine`, it makes `near` and `far`, two sessions in full swing. See `compiledForThisFile`. */
export const runningPair = `
  const open = () => engine.open({ address: "127.0.0.1", portLow: 20000, portHigh: 40000 });
  const parameters = (to) => ({
    direction: "sendrecv", remoteAddress: to.localAddress, remotePort: to.localPort, sendPayloadType: 0, sendEncoding: "PCMU",
    sendEventPayloadType: 101, receivePayloadTypes: [0], receiveEncodings: ["PCMU"], receiveEventPayloadType: 101,
  });
  const [near, far] = [await open(), await open()];
  near.configure(parameters(far));
  far.configure(parameters(near));
  // Nothing of ours may hold the process open, so this does.
  const hold = setInterval(() => {}, 1000);
  await far.whenReadable(320);
`;
