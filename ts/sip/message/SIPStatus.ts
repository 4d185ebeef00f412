/**
 * A status of RFC 3261 §21 or of IANA's registry of response codes.
 *
 * ```ts
 * SIPStatus.BUSY_HERE.value;   // 486
 * SIPStatus.of(486).phrase;    // "Busy Here"
 * ```
 */
export class SIPStatus {
  readonly value: number;
  /** The reason phrase that the defining RFC suggests. */
  readonly phrase: string;
  /** What it means to the one who gets it, and where it is defined. */
  readonly description: string;

  private constructor(value: number, phrase: string, description: string) {
    this.value = value;
    this.phrase = phrase;
    this.description = description;
  }

  static readonly TRYING: SIPStatus = new SIPStatus(100, "Trying", "The next hop has the request and works on it. (RFC 3261 §21.1.1)");
  static readonly RINGING: SIPStatus = new SIPStatus(180, "Ringing", "The called phone alerts its user. (RFC 3261 §21.1.2)");
  static readonly CALL_IS_BEING_FORWARDED: SIPStatus = new SIPStatus(
    181,
    "Call Is Being Forwarded",
    "The call goes on to other destinations. (RFC 3261 §21.1.3)",
  );
  static readonly QUEUED: SIPStatus = new SIPStatus(
    182,
    "Queued",
    "The called party is busy and keeps the call waiting in a queue. (RFC 3261 §21.1.4)",
  );
  static readonly SESSION_PROGRESS: SIPStatus = new SIPStatus(
    183,
    "Session Progress",
    "News of the call that no other 1xx carries, often with early media. (RFC 3261 §21.1.5)",
  );
  static readonly EARLY_DIALOG_TERMINATED: SIPStatus = new SIPStatus(
    199,
    "Early Dialog Terminated",
    "One branch of a forked call is over while others go on. (RFC 6228)",
  );
  static readonly OK: SIPStatus = new SIPStatus(200, "OK", "The request has succeeded. (RFC 3261 §21.2.1)");
  static readonly ACCEPTED: SIPStatus = new SIPStatus(
    202,
    "Accepted",
    "Understood, to be worked on later (deprecated in favour of 200). (RFC 6665 §8.3.1)",
  );
  static readonly NO_NOTIFICATION: SIPStatus = new SIPStatus(
    204,
    "No Notification",
    "The subscription goes on, but there is nothing new to notify. (RFC 5839)",
  );
  static readonly MULTIPLE_CHOICES: SIPStatus = new SIPStatus(
    300,
    "Multiple Choices",
    "Several addresses would do; Contact lists them. (RFC 3261 §21.3.1)",
  );
  static readonly MOVED_PERMANENTLY: SIPStatus = new SIPStatus(
    301,
    "Moved Permanently",
    "The user is found at the address in Contact from now on. (RFC 3261 §21.3.2)",
  );
  static readonly MOVED_TEMPORARILY: SIPStatus = new SIPStatus(
    302,
    "Moved Temporarily",
    "The user is found at the address in Contact for the time being. (RFC 3261 §21.3.3)",
  );
  static readonly USE_PROXY: SIPStatus = new SIPStatus(
    305,
    "Use Proxy",
    "The request must go through the proxy named in Contact. (RFC 3261 §21.3.4)",
  );
  static readonly ALTERNATIVE_SERVICE: SIPStatus = new SIPStatus(
    380,
    "Alternative Service",
    "The call failed, but the body describes other services. (RFC 3261 §21.3.5)",
  );
  static readonly BAD_REQUEST: SIPStatus = new SIPStatus(400, "Bad Request", "The request is not well formed. (RFC 3261 §21.4.1)");
  static readonly UNAUTHORIZED: SIPStatus = new SIPStatus(
    401,
    "Unauthorized",
    "A user agent or registrar wants credentials. (RFC 3261 §21.4.2)",
  );
  static readonly PAYMENT_REQUIRED: SIPStatus = new SIPStatus(402, "Payment Required", "Kept for future use. (RFC 3261 §21.4.3)");
  static readonly FORBIDDEN: SIPStatus = new SIPStatus(
    403,
    "Forbidden",
    "Understood and refused; credentials would not help. (RFC 3261 §21.4.4)",
  );
  static readonly NOT_FOUND: SIPStatus = new SIPStatus(404, "Not Found", "The user does not exist in this domain. (RFC 3261 §21.4.5)");
  static readonly METHOD_NOT_ALLOWED: SIPStatus = new SIPStatus(
    405,
    "Method Not Allowed",
    "The method is known but not served at this address; Allow lists those that are. (RFC 3261 §21.4.6)",
  );
  static readonly NOT_ACCEPTABLE: SIPStatus = new SIPStatus(
    406,
    "Not Acceptable",
    "No body could be made of a type that Accept allows. (RFC 3261 §21.4.7)",
  );
  static readonly PROXY_AUTHENTICATION_REQUIRED: SIPStatus = new SIPStatus(
    407,
    "Proxy Authentication Required",
    "A proxy wants credentials. (RFC 3261 §21.4.8)",
  );
  static readonly REQUEST_TIMEOUT: SIPStatus = new SIPStatus(408, "Request Timeout", "No answer came in time. (RFC 3261 §21.4.9)");
  static readonly GONE: SIPStatus = new SIPStatus(
    410,
    "Gone",
    "The user was here once and is not any more, without a forwarding address. (RFC 3261 §21.4.10)",
  );
  static readonly CONDITIONAL_REQUEST_FAILED: SIPStatus = new SIPStatus(
    412,
    "Conditional Request Failed",
    "The precondition of a PUBLISH does not hold. (RFC 3903 §11.2.1)",
  );
  static readonly REQUEST_ENTITY_TOO_LARGE: SIPStatus = new SIPStatus(
    413,
    "Request Entity Too Large",
    "The body is longer than the server takes. (RFC 3261 §21.4.11)",
  );
  static readonly REQUEST_URI_TOO_LONG: SIPStatus = new SIPStatus(
    414,
    "Request-URI Too Long",
    "The Request-URI is longer than the server reads. (RFC 3261 §21.4.12)",
  );
  static readonly UNSUPPORTED_MEDIA_TYPE: SIPStatus = new SIPStatus(
    415,
    "Unsupported Media Type",
    "The body is of a type or encoding that the server does not know; Accept lists those it does. (RFC 3261 §21.4.13)",
  );
  static readonly UNSUPPORTED_URI_SCHEME: SIPStatus = new SIPStatus(
    416,
    "Unsupported URI Scheme",
    "The Request-URI is of a scheme that the server does not know. (RFC 3261 §21.4.14)",
  );
  static readonly UNKNOWN_RESOURCE_PRIORITY: SIPStatus = new SIPStatus(
    417,
    "Unknown Resource-Priority",
    "None of the resource priorities is known here. (RFC 4412 §12.4)",
  );
  static readonly BAD_EXTENSION: SIPStatus = new SIPStatus(
    420,
    "Bad Extension",
    "An extension in Require is not supported; Unsupported lists it. (RFC 3261 §21.4.15)",
  );
  static readonly EXTENSION_REQUIRED: SIPStatus = new SIPStatus(
    421,
    "Extension Required",
    "The server needs an extension that Supported does not list. (RFC 3261 §21.4.16)",
  );
  static readonly SESSION_INTERVAL_TOO_SMALL: SIPStatus = new SIPStatus(
    422,
    "Session Interval Too Small",
    "The session would be refreshed too often; Min-SE tells the floor. (RFC 4028 §6)",
  );
  static readonly INTERVAL_TOO_BRIEF: SIPStatus = new SIPStatus(
    423,
    "Interval Too Brief",
    "The registration would expire too soon; Min-Expires tells the floor. (RFC 3261 §21.4.17)",
  );
  static readonly BAD_LOCATION_INFORMATION: SIPStatus = new SIPStatus(
    424,
    "Bad Location Information",
    "The location in the request is malformed or not usable. (RFC 6442 §4.3)",
  );
  static readonly BAD_ALERT_MESSAGE: SIPStatus = new SIPStatus(
    425,
    "Bad Alert Message",
    "The emergency alert in the request cannot be used. (RFC 8876 §5.1)",
  );
  static readonly USE_IDENTITY_HEADER: SIPStatus = new SIPStatus(
    428,
    "Use Identity Header",
    "The request must carry a signed Identity. (RFC 8224 §6.2.2)",
  );
  static readonly PROVIDE_REFERRER_IDENTITY: SIPStatus = new SIPStatus(
    429,
    "Provide Referrer Identity",
    "The REFER needs a valid Referred-By token. (RFC 3892 §5)",
  );
  static readonly FLOW_FAILED: SIPStatus = new SIPStatus(
    430,
    "Flow Failed",
    "The connection to the user agent is gone; another flow may work. (RFC 5626 §11.5)",
  );
  static readonly ANONYMITY_DISALLOWED: SIPStatus = new SIPStatus(
    433,
    "Anonymity Disallowed",
    "The callee takes no anonymous calls. (RFC 5079 §5)",
  );
  static readonly BAD_IDENTITY_INFO: SIPStatus = new SIPStatus(
    436,
    "Bad Identity Info",
    "The certificate of the Identity cannot be fetched. (RFC 8224 §6.2.2)",
  );
  static readonly UNSUPPORTED_CREDENTIAL: SIPStatus = new SIPStatus(
    437,
    "Unsupported Credential",
    "The certificate of the Identity is not one the server trusts. (RFC 8224 §6.2.2)",
  );
  static readonly INVALID_IDENTITY_HEADER: SIPStatus = new SIPStatus(
    438,
    "Invalid Identity Header",
    "The signature of the Identity is wrong. (RFC 8224 §6.2.2)",
  );
  static readonly FIRST_HOP_LACKS_OUTBOUND_SUPPORT: SIPStatus = new SIPStatus(
    439,
    "First Hop Lacks Outbound Support",
    "The first proxy cannot keep flows, which the registration asked for. (RFC 5626 §11.6)",
  );
  static readonly MAX_BREADTH_EXCEEDED: SIPStatus = new SIPStatus(
    440,
    "Max-Breadth Exceeded",
    "The request has been forked into as many branches as it may. (RFC 5393 §5.3.3)",
  );
  static readonly BAD_INFO_PACKAGE: SIPStatus = new SIPStatus(
    469,
    "Bad Info Package",
    "The INFO belongs to a package nobody here listens for. (RFC 6086 §4.2.2)",
  );
  static readonly CONSENT_NEEDED: SIPStatus = new SIPStatus(
    470,
    "Consent Needed",
    "The recipients have not agreed to be sent this. (RFC 5360 §5.9.2)",
  );
  static readonly TEMPORARILY_UNAVAILABLE: SIPStatus = new SIPStatus(
    480,
    "Temporarily Unavailable",
    "The user exists but cannot be reached now. (RFC 3261 §21.4.18)",
  );
  static readonly CALL_TRANSACTION_DOES_NOT_EXIST: SIPStatus = new SIPStatus(
    481,
    "Call/Transaction Does Not Exist",
    "The request belongs to no dialog or transaction that is known here. (RFC 3261 §21.4.19)",
  );
  static readonly LOOP_DETECTED: SIPStatus = new SIPStatus(
    482,
    "Loop Detected",
    "The request came back to where it had been. (RFC 3261 §21.4.20)",
  );
  static readonly TOO_MANY_HOPS: SIPStatus = new SIPStatus(483, "Too Many Hops", "Max-Forwards has run out. (RFC 3261 §21.4.21)");
  static readonly ADDRESS_INCOMPLETE: SIPStatus = new SIPStatus(484, "Address Incomplete", "More digits are needed. (RFC 3261 §21.4.22)");
  static readonly AMBIGUOUS: SIPStatus = new SIPStatus(485, "Ambiguous", "The address fits several users. (RFC 3261 §21.4.23)");
  static readonly BUSY_HERE: SIPStatus = new SIPStatus(
    486,
    "Busy Here",
    "The user is in a call and takes no other at this phone. (RFC 3261 §21.4.24)",
  );
  static readonly REQUEST_TERMINATED: SIPStatus = new SIPStatus(
    487,
    "Request Terminated",
    "The request was ended by CANCEL or BYE. (RFC 3261 §21.4.25)",
  );
  static readonly NOT_ACCEPTABLE_HERE: SIPStatus = new SIPStatus(
    488,
    "Not Acceptable Here",
    "The offered session does not suit this phone; another might take it. (RFC 3261 §21.4.26)",
  );
  static readonly BAD_EVENT: SIPStatus = new SIPStatus(489, "Bad Event", "The event package is not known here. (RFC 6665 §8.3.2)");
  static readonly REQUEST_PENDING: SIPStatus = new SIPStatus(
    491,
    "Request Pending",
    "Another request of the same dialog is under way; try again a moment later. (RFC 3261 §21.4.27)",
  );
  static readonly UNDECIPHERABLE: SIPStatus = new SIPStatus(
    493,
    "Undecipherable",
    "The body is encrypted with a key that is not at hand. (RFC 3261 §21.4.28)",
  );
  static readonly SECURITY_AGREEMENT_REQUIRED: SIPStatus = new SIPStatus(
    494,
    "Security Agreement Required",
    "A security mechanism must be agreed on first. (RFC 3329 §2.3.1)",
  );
  static readonly SERVER_INTERNAL_ERROR: SIPStatus = new SIPStatus(
    500,
    "Server Internal Error",
    "Something unforeseen went wrong in the server. (RFC 3261 §21.5.1)",
  );
  static readonly NOT_IMPLEMENTED: SIPStatus = new SIPStatus(
    501,
    "Not Implemented",
    "The server does not know the method at all. (RFC 3261 §21.5.2)",
  );
  static readonly BAD_GATEWAY: SIPStatus = new SIPStatus(
    502,
    "Bad Gateway",
    "The server behind this one gave an unusable answer. (RFC 3261 §21.5.3)",
  );
  static readonly SERVICE_UNAVAILABLE: SIPStatus = new SIPStatus(
    503,
    "Service Unavailable",
    "The server is overloaded or in maintenance; Retry-After may tell for how long. (RFC 3261 §21.5.4)",
  );
  static readonly SERVER_TIME_OUT: SIPStatus = new SIPStatus(
    504,
    "Server Time-out",
    "The server behind this one did not answer in time. (RFC 3261 §21.5.5)",
  );
  static readonly VERSION_NOT_SUPPORTED: SIPStatus = new SIPStatus(
    505,
    "Version Not Supported",
    "The request is of a SIP version the server does not speak. (RFC 3261 §21.5.6)",
  );
  static readonly MESSAGE_TOO_LARGE: SIPStatus = new SIPStatus(
    513,
    "Message Too Large",
    "The message is longer than the server can handle. (RFC 3261 §21.5.7)",
  );
  static readonly PUSH_NOTIFICATION_SERVICE_NOT_SUPPORTED: SIPStatus = new SIPStatus(
    555,
    "Push Notification Service Not Supported",
    "The push service named in the registration is not served. (RFC 8599 §14.1)",
  );
  static readonly PRECONDITION_FAILURE: SIPStatus = new SIPStatus(
    580,
    "Precondition Failure",
    "The session's preconditions cannot be met. (RFC 3312 §8)",
  );
  static readonly BUSY_EVERYWHERE: SIPStatus = new SIPStatus(600, "Busy Everywhere", "The user is busy at every phone. (RFC 3261 §21.6.1)");
  static readonly DECLINE: SIPStatus = new SIPStatus(
    603,
    "Decline",
    "The user does not want the call, here or elsewhere. (RFC 3261 §21.6.2)",
  );
  static readonly DOES_NOT_EXIST_ANYWHERE: SIPStatus = new SIPStatus(
    604,
    "Does Not Exist Anywhere",
    "The user is certain to exist nowhere. (RFC 3261 §21.6.3)",
  );
  static readonly NOT_ACCEPTABLE_ANYWHERE: SIPStatus = new SIPStatus(
    606,
    "Not Acceptable",
    "The user would talk, but no phone of theirs can take the session. (RFC 3261 §21.6.4)",
  );
  static readonly UNWANTED: SIPStatus = new SIPStatus(607, "Unwanted", "The user calls this caller unwanted. (RFC 8197)");
  static readonly REJECTED: SIPStatus = new SIPStatus(608, "Rejected", "An analytics service in between has refused the call. (RFC 8688)");

  /** A registered status; for another code, one that means what its class's x00 means (RFC 3261 §8.1.3.2). */
  static of(code: number): SIPStatus {
    const known = registry.get(code);
    if (known !== undefined) return known;
    const description = CLASSES[Math.trunc(code / 100)] ?? "no SIP status";
    return new SIPStatus(code, description, `Not registered: ${description.toLowerCase()}.`);
  }

  /** Every registered status in the order of codes. */
  static all(): readonly SIPStatus[] {
    return [...registry.values()];
  }

  /** "486 Busy Here" */
  toString(): string {
    return `${this.value} ${this.phrase}`;
  }
}

const CLASSES: Readonly<Record<number, string>> = {
  1: "Provisional",
  2: "Success",
  3: "Redirection",
  4: "Client Error",
  5: "Server Error",
  6: "Global Failure",
};

const registry: ReadonlyMap<number, SIPStatus> = new Map(
  Object.values(SIPStatus)
    .filter((entry): entry is SIPStatus => entry instanceof SIPStatus)
    .map((status) => [status.value, status]),
);

/** The phrase for a status line, registered or not. */
export function reasonPhrase(code: number): string {
  return SIPStatus.of(code).phrase;
}
