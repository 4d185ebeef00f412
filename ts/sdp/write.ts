import { SDPWriteError } from "./errors.ts";
import { placeOf, type Place } from "./order.ts";
import type { Attribute, Bandwidth, Connection, Line, MediaDescription, SessionDescription } from "./types.ts";

/**
 * Writes a session description, lines in the order of RFC 8866 §9, each ending in CRLF.
 * What {@link parseSDP} has read comes out again with the same meaning.
 *
 * @throws SDPWriteError when a value holds a line break
 */
export function writeSDP(description: SessionDescription): string {
  const { origin } = description;
  const lines = [
    "v=0",
    `o=${origin.username} ${origin.sessionId} ${origin.sessionVersion} ${origin.netType} ${origin.addressType} ${origin.address}`,
    `s=${description.sessionName}`,
    ...section(description, description.times.map(writeLine)),
    ...description.media.flatMap(mediaLines),
  ];
  const smuggled = lines.find((line) => /[\r\n\0]/.test(line));
  if (smuggled !== undefined) throw new SDPWriteError(`${JSON.stringify(smuggled)} holds CR, LF or NUL; remove them`);
  return `${lines.join("\r\n")}\r\n`;
}

function mediaLines(media: MediaDescription): string[] {
  const port = media.portCount === undefined ? `${media.port}` : `${media.port}/${media.portCount}`;
  return [`m=${[media.type, port, media.protocol, ...media.formats].join(" ")}`, ...section(media, [])];
}

function section(of: SessionDescription | MediaDescription, times: readonly string[]): string[] {
  const others = (place: Place): string[] => of.others.filter((line) => placeOf(line) === place).map(writeLine);
  return [
    ...others("before-connection"),
    ...(of.connection === undefined ? [] : [writeConnection(of.connection)]),
    ...of.bandwidths.map(writeBandwidth),
    ...times,
    ...others("before-attributes"),
    ...of.attributes.map(writeAttribute),
    ...others("end"),
  ];
}

function writeLine(line: Line): string {
  return line.type === "" ? line.value : `${line.type}=${line.value}`;
}

function writeConnection(connection: Connection): string {
  const scope = connection.scope === undefined ? "" : `/${connection.scope}`;
  return `c=${connection.netType} ${connection.addressType} ${connection.address}${scope}`;
}

function writeBandwidth(bandwidth: Bandwidth): string {
  return `b=${bandwidth.type}:${bandwidth.value}`;
}

function writeAttribute(attribute: Attribute): string {
  return attribute.value === undefined ? `a=${attribute.name}` : `a=${attribute.name}:${attribute.value}`;
}
