export { AddressType } from "./AddressType.ts";
export { CIDR } from "./cidr.ts";
export { NameResolutionError, NATError } from "./errors.ts";
export { localAddressTowards } from "./localAddress.ts";
export { NAT } from "./NAT.ts";
export { resolveHost } from "./resolve.ts";
export type { Lookup, ResolveOptions } from "./resolve.ts";
export { TransportMode } from "./TransportMode.ts";
