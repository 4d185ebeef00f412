export type { TraceEntry } from "../sip/transaction/TransactionLayer.ts";
export { MemoryNetwork } from "./MemoryNetwork.ts";
export type { DatagramPredicate, LinkConditions, MemoryNetworkOptions } from "./MemoryNetwork.ts";
export { Registrar } from "./Registrar.ts";
export type { RegistrarOptions } from "./Registrar.ts";
export type { Binding, ExpiryLimits } from "./registrar/Bindings.ts";
export { VirtualClock } from "./VirtualClock.ts";
