export { addBytes, byteToBits } from "./bits.ts";
export { DynamicPayloadType } from "./DynamicPayloadType.ts";
export { PayloadType } from "./PayloadType.ts";
export { RTPClient, type RTPClientOptions, type TelephoneEvent } from "./RTPClient.ts";
export { type PayloadTypes, RTPMessage } from "./RTPMessage.ts";
export { RTPPacketManager } from "./RTPPacketManager.ts";
export { RTPParseError } from "./RTPParseError.ts";
export { RTPProtocol } from "./RTPProtocol.ts";
export { TransmitType } from "./TransmitType.ts";
