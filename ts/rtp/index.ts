export { DynamicPayloadType } from "./DynamicPayloadType.ts";
export { PayloadType } from "./PayloadType.ts";
export { TransmitType } from "./TransmitType.ts";
