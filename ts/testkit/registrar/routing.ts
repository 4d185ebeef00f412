import type { SIPRequest } from "../../sip/message/SIPRequest.ts";
import { SIPURI } from "../../sip/message/SIPURI.ts";

/** Tells whether a URI is an address of the proxy itself. */
export type IsOurs = (uri: SIPURI) => boolean;

/**
 * Undoes what was written for us (RFC 3261 §16.4): takes our own Route off, and puts the target back where a strict router
 * before us has put our address into the Request-URI. Changes the request.
 */
export function takeOwnRoute(request: SIPRequest, isOurs: IsOurs): void {
  const { uri } = request;
  if (uri instanceof SIPURI && uri.params.has("lr") && isOurs(uri)) {
    const last = request.routes.at(-1);
    if (last !== undefined) {
      request.uri = last.uri;
      setRoutes(request, request.headers.getAll("Route").slice(0, -1));
    }
  }
  // Two of them where we stand between two protocols (RFC 5658 §4).
  const others = request.routes.findIndex(({ uri: route }) => !(route instanceof SIPURI && isOurs(route)));
  if (others !== 0) setRoutes(request, others < 0 ? [] : request.headers.getAll("Route").slice(others));
}

/**
 * Makes the next hop a loose router's or a strict router's (RFC 3261 §16.6, step 6) and returns the URI to send to. Changes
 * the request.
 */
export function routeOnward(request: SIPRequest): SIPURI | undefined {
  const first = request.routes[0]?.uri;
  if (first === undefined) return request.uri instanceof SIPURI ? request.uri : undefined;
  if (!(first instanceof SIPURI)) return undefined;
  if (!first.params.has("lr")) {
    setRoutes(request, [...request.headers.getAll("Route").slice(1), `<${request.uri.toString()}>`]);
    request.uri = first.forRequest();
  }
  return first;
}

/** One hop less (RFC 3261 §16.6, step 3). False when there is none left: 483. Changes the request. */
export function countHop(request: SIPRequest): boolean {
  const left = request.maxForwards ?? 70;
  if (left === 0) return false;
  request.headers.set("Max-Forwards", request.maxForwards === undefined ? left : left - 1);
  return true;
}

function setRoutes(request: SIPRequest, routes: readonly string[]): void {
  if (routes.length === 0) request.headers.delete("Route");
  else request.headers.setAll("Route", routes);
}
