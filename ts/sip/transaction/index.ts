export type { Timers } from "./timers.ts";
export { defaultTimers } from "./timers.ts";
export type { ClientTransaction, ClientTransactionHandler, ServerTransaction } from "./transaction.ts";
export type { Dropped, TraceEntry, TransactionLayerOptions } from "./TransactionLayer.ts";
export { TransactionLayer } from "./TransactionLayer.ts";
export type { SentBy } from "./via.ts";
