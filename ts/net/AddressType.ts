/** On which side of a NAT a host lies, seen from us. */
export const AddressType = {
  /** Outside our network: it knows us by another name than our own. */
  REMOTE: "REMOTE",
  /** Inside our network. */
  LOCAL: "LOCAL",
} as const;
export type AddressType = (typeof AddressType)[keyof typeof AddressType];
