/**
 * A session description (RFC 8866, RFC 4566) as it stands on the wire: nothing is interpreted, nothing is lost. What the
 * lines mean for a stream is read by `media.ts`.
 */
export interface SessionDescription {
  /** o= */
  readonly origin: Origin;
  /** s=; `-` when there is none. */
  readonly sessionName: string;
  /** c= of the session: holds for each media section without one of its own. */
  readonly connection?: Connection;
  /** b= */
  readonly bandwidths: readonly Bandwidth[];
  /** t= and r= in their order; `t=0 0` when there is none. */
  readonly times: readonly Line[];
  /** a= of the session. */
  readonly attributes: readonly Attribute[];
  /** i= u= e= p= z= k=, and every line that RFC 8866 does not know; kept in the order in which they are written. */
  readonly others: readonly Line[];
  /** m= and what follows each. */
  readonly media: readonly MediaDescription[];
}

/** One m= section. */
export interface MediaDescription {
  /** `audio`, `video`, `image`, … */
  readonly type: string;
  /** 0: the stream is refused or ended (RFC 3264 §6, §8.2). */
  readonly port: number;
  /** The number of ports behind a slash, for layered streams; absent is one. */
  readonly portCount?: number;
  /** `RTP/AVP`, `RTP/SAVP`, `udptl`, … */
  readonly protocol: string;
  /** For RTP: payload type numbers, preferred first. */
  readonly formats: readonly string[];
  readonly connection?: Connection;
  readonly bandwidths: readonly Bandwidth[];
  readonly attributes: readonly Attribute[];
  /** i= k=, and every line that does not belong here. */
  readonly others: readonly Line[];
}

/** o= (RFC 8866 §5.2). Identifier and version are decimal numbers beyond 2^53, so they stay text. */
export interface Origin {
  readonly username: string;
  readonly sessionId: string;
  readonly sessionVersion: string;
  readonly netType: string;
  readonly addressType: string;
  readonly address: string;
}

/** c= (RFC 8866 §5.7). */
export interface Connection {
  readonly netType: string;
  /** `IP4` or `IP6`. */
  readonly addressType: string;
  /** An IP address, or a host name (RFC 8866 allows it). */
  readonly address: string;
  /** What follows a multicast address: `127` or `127/3`. */
  readonly scope?: string;
}

/** b= (RFC 8866 §5.8): `AS` and `CT` in kbit/s, `TIAS`, `RS` and `RR` in bit/s. */
export interface Bandwidth {
  readonly type: string;
  readonly value: string;
}

/** a=name or a=name:value. */
export interface Attribute {
  readonly name: string;
  readonly value?: string;
}

/** Any line, `type=value`; a line that has not even this form has the type "". */
export interface Line {
  readonly type: string;
  readonly value: string;
}

/** Which way media flows, seen from whoever wrote the description (RFC 8866 §6.7). */
export type Direction = "sendrecv" | "sendonly" | "recvonly" | "inactive";

/** One RTP format: what a payload type number stands for. */
export interface Format {
  /** 0–127. */
  readonly payloadType: number;
  /** RTP/AVP encoding name, for instance `PCMU`; case does not count. */
  readonly encoding: string;
  /** RTP clock, Hz. */
  readonly clockRate: number;
  /** Absent is one. */
  readonly channels?: number;
  /** Format parameters as written behind `a=fmtp:<number> `. */
  readonly fmtp?: string;
}
