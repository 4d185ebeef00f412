import type { StreamParameters } from "../../ts/media/contract.ts";

export function plainStream(remoteAddress: string, remotePort: number): StreamParameters;
