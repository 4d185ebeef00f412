export { DynamicPayloadType } from "./DynamicPayloadType.ts";
export { PayloadType } from "./PayloadType.ts";
export { type PayloadTypes, RTPMessage } from "./RTPMessage.ts";
export { RTPParseError } from "./RTPParseError.ts";
export { RTPProtocol } from "./RTPProtocol.ts";
export { TransmitType } from "./TransmitType.ts";
