/** A payload type that RFC 3551 §6 fixes, so that an a=rtpmap line may be missing. */
export interface StaticFormat {
  readonly encoding: string;
  /** RTP clock, Hz. */
  readonly clockRate: number;
  /** 0 where RFC 3551 fixes none: video, and MPA. */
  readonly channels: number;
}

const audio = (encoding: string, clockRate = 8000, channels = 1): StaticFormat => ({ encoding, clockRate, channels });
const video = (encoding: string): StaticFormat => ({ encoding, clockRate: 90_000, channels: 0 });

/** RFC 3551 §6, tables 4 and 5. 1, 2 and 19 are reserved, 20–24, 27, 29, 30 and 35–71 unassigned, 72–76 collide with RTCP. */
export const staticFormats: ReadonlyMap<number, StaticFormat> = new Map([
  [0, audio("PCMU")],
  [3, audio("GSM")],
  [4, audio("G723")],
  [5, audio("DVI4")],
  [6, audio("DVI4", 16_000)],
  [7, audio("LPC")],
  [8, audio("PCMA")],
  // G.722 samples at 16 kHz, but its RTP clock is 8 kHz: an error of RFC 1890 that was kept for compatibility (§4.5.2).
  [9, audio("G722")],
  [10, audio("L16", 44_100, 2)],
  [11, audio("L16", 44_100)],
  [12, audio("QCELP")],
  [13, audio("CN")],
  [14, audio("MPA", 90_000, 0)],
  [15, audio("G728")],
  [16, audio("DVI4", 11_025)],
  [17, audio("DVI4", 22_050)],
  [18, audio("G729")],
  [25, video("CelB")],
  [26, video("JPEG")],
  [28, video("nv")],
  [31, video("H261")],
  [32, video("MPV")],
  [33, video("MP2T")],
  [34, video("H263")],
]);
