import type { ClaimsOf } from './claim.ts'

/** What the protocol looks like to a client, of either era. */
export const WIRE = {
  'wire/json/broken': {
    behavior: 'A body that is not JSON is -32700 with a null id.',
    source: 'Discord scenario 6; JSON-RPC 2.0 §5.1',
  },
  'wire/json/utf-8': {
    behavior: 'A body that is not UTF-8 is -32700.',
    source: 'rule A10; MCP 2026-07-28, Transports',
  },
  'wire/json/shape': {
    behavior: 'JSON of the wrong shape is -32600.',
    source: 'Discord scenario 6; JSON-RPC 2.0 §5.1',
  },
  'wire/json/duplicate-name': {
    behavior: 'A request in which one object has a name twice, at any depth, is -32600.',
    source: 'design §2',
  },
  'wire/connection/survives': {
    behavior: 'The connection survives every refused message and serves the next call.',
    source: 'Discord scenario 6; Design, "Limits"',
  },
  'wire/batch': {
    behavior:
      'An array of messages is answered for revision 2025-03-26 and refused for every other.',
    source: 'rule A10; MCP 2025-03-26, Transports',
  },
  'wire/method/unknown': {
    behavior: 'A method that is not carried is -32601 in either era.',
    source: 'Discord scenario 6; Design, "Client side"',
  },
  'wire/method/ping': {
    behavior: 'A legacy ping is answered with an empty result.',
    source: 'Discord scenario 6; MCP 2025-11-25, "Ping"',
  },
  'wire/method/removed': {
    behavior: 'A method that the modern era removed is not found there.',
    source: 'MCP 2026-07-28, Versioning',
  },
  'wire/notification': {
    behavior: 'A notification is 202 with no body.',
    source: 'Discord scenario 6; MCP Streamable HTTP, "Sending Messages to the Server"',
  },
  'wire/content-type': {
    behavior: 'A body that is not declared as JSON is 415 and is not read.',
    source: 'Discord scenario 6; exposure rules',
  },
  'wire/accept/missing': {
    behavior: 'A request without Accept is answered as JSON.',
    source: 'exposure rules; Slack checklist 172-177',
  },
  'wire/accept/neither': {
    behavior: 'A request that accepts neither JSON nor event streams is 406.',
    source: 'RFC 9110 §15.5.7',
  },
  'wire/revision/legacy': {
    behavior:
      'Revisions 2024-11-05, 2025-03-26, 2025-06-18 and 2025-11-25 are negotiated, list and call.',
    source: 'MCP 2025-11-25, Lifecycle, "Version Negotiation"',
  },
  'wire/revision/newest': {
    behavior:
      'An initialize for a revision nobody knows is answered with the newest that has a handshake.',
    source: 'MCP 2025-11-25, Lifecycle, "Version Negotiation"',
  },
  'wire/revision/unsupported': {
    behavior:
      'A modern request for an unsupported revision is 400 and -32022 with what is supported.',
    source: 'rule A11; MCP 2026-07-28, Versioning',
  },
  'wire/revision/legacy-header': {
    behavior: 'An invalid version header on a legacy session is 400.',
    source: 'rule A11; MCP 2025-11-25, Streamable HTTP, "Protocol Version Header"',
  },
  'wire/header/mismatch': {
    behavior:
      'A modern request whose version, method or name header is missing or differs from its body is 400 and -32020, and nothing runs.',
    source: 'rule B1; MCP 2026-07-28, Streamable HTTP, "Standard request headers"',
  },
  'wire/header/sentinel': {
    behavior: 'A Base64 sentinel is decoded before it is compared, and a malformed one is refused.',
    source: 'rule B2; MCP 2026-07-28, Streamable HTTP, "Standard request headers"',
  },
  'wire/header/param': {
    behavior:
      'A declared `Mcp-Param-*` header that is missing or differs from its argument is refused, and the server is not asked.',
    source: 'rule B3; MCP 2026-07-28, Streamable HTTP, "Custom headers from tool parameters"',
  },
  'wire/header/legacy-forged': {
    behavior: 'Modern headers on a legacy request change nothing about what it means.',
    source: 'rule B4',
  },
  'wire/modern/post-only': {
    behavior: 'GET and DELETE without a session are 405 and name what is allowed.',
    source: 'rule A5; MCP 2026-07-28, Streamable HTTP',
  },
  'wire/modern/no-session': {
    behavior: 'A modern request ignores `Mcp-Session-Id` and `Last-Event-ID`, and none is minted.',
    source: 'rule A5; MCP 2026-07-28, Streamable HTTP',
  },
  'wire/modern/discover': {
    behavior: '`server/discover` names the revisions we speak, who we are and what we carry.',
    source: 'MCP 2026-07-28, "Discovery"',
  },
  'wire/modern/listen': {
    behavior:
      'A subscription is acknowledged first, tells the changes it asked for under its id, and ends with a result.',
    source: 'MCP 2026-07-28, "Subscriptions"',
  },
  'wire/bytes/request': {
    behavior:
      'A server gets the call as its client wrote it, but for id, name and envelope: numbers, key order and unknown fields survive.',
    source: 'design §2',
  },
  'wire/bytes/answer': {
    behavior:
      'A client gets the result as its server wrote it, but for the id and what its era requires.',
    source: 'design §2',
  },
  'wire/id/echo': {
    behavior: 'The id of a request comes back as it was written; a null id is refused.',
    source: 'rule B9; JSON-RPC 2.0 §4',
  },
  'wire/session/sealed': {
    behavior: 'A session id that was changed, cut or made up is unknown.',
    source: 'design §4; MCP 2025-11-25, Streamable HTTP, "Session Management"',
  },
  'wire/session/restart': {
    behavior: 'A legacy session is served on after a restart of the gateway.',
    source: 'design §4',
  },
  'wire/session/bound': {
    behavior:
      'With another principal’s credential a session is as unknown as one that was made up.',
    source: 'design §4; Design, "Client side"',
  },
  'wire/session/states': {
    behavior: 'A legacy call without a session is 400, with an unknown or ended one 404.',
    source: 'MCP 2025-11-25, Streamable HTTP, "Session Management"',
  },
  'wire/session/life': {
    behavior:
      'A session ends when it was idle for long enough, and at the end of its whole life whatever its use.',
    source: 'design §6',
  },
  'wire/session/room': {
    behavior:
      'Beyond its bounds memory forgets the longest idle legacy session, and its id brings it back; sessions in use are kept, and where all are, a further one is `overloaded`.',
    source: 'design §6',
  },
  'wire/progress': {
    behavior:
      'Progress reaches the client that asked for it, under its own token, before the answer.',
    source: 'Design, "Client side"; MCP, "Progress"',
  },
  'wire/cancel/modern': {
    behavior: 'A modern client that closes its request cancels the call.',
    source: 'rule A6; MCP 2026-07-28, "Cancellation"',
  },
  'wire/cancel/legacy': {
    behavior: 'A legacy client cancels by notification, within its own session only.',
    source: 'MCP 2025-11-25, "Cancellation"',
  },
  'wire/cancel/legacy-disconnect': {
    behavior: 'A legacy client that loses its connection has cancelled nothing.',
    source: 'rule A7; MCP 2025-11-25, Streamable HTTP, "Sending Messages to the Server"',
  },
  'wire/stream/once': {
    behavior: 'A message goes to one stream of a session, and to no other session or principal.',
    source: 'rule A7; MCP 2025-11-25, Streamable HTTP, "Multiple Connections"',
  },
  'wire/stream/unbuffered': {
    behavior: 'A stream tells proxies not to buffer it, and a quiet one is kept alive by comments.',
    source: 'rule A8; MCP 2026-07-28, Streamable HTTP',
  },
  'wire/stream/stalled': {
    behavior:
      'A stream whose reader takes nothing of what waits for it is closed; a quiet one is not.',
    source: 'design §6',
  },
  'wire/error/tool-result': {
    behavior:
      'A call that fails behind the door is HTTP 200 with `isError`, one sentence and its code in `_meta["dev.sallyport/error"]`, in both eras.',
    source: 'design §2, "Errors on the wire"',
  },
  'wire/error/json-rpc': {
    behavior:
      'Any other method that fails behind the door is HTTP 200 with error -31000 and the same data.',
    source: 'design §2, "Errors on the wire"',
  },
  'wire/error/retry-later': {
    behavior:
      '`store_unwritable` and `overloaded` are HTTP 503 with a time to retry, wherever they arise.',
    source: 'design §2, "Errors on the wire"',
  },
  'wire/error/protocol': {
    behavior: 'A mistake of the caller keeps its protocol code, also for `tools/call`.',
    source: 'design §2, "Errors on the wire"',
  },
  'wire/error/inner-text': {
    behavior:
      'The inner text of an unforeseen failure is in the log, under the request id, and in no answer.',
    source: 'design §2, "Loggers, not messages, hold the inner text"',
  },
  'wire/client/sdk-v2': {
    behavior:
      'The SDK v2 client lists and calls: by default, with `auto`, and pinned to the modern era.',
    source: 'Design, "It is done when"',
  },
  'wire/client/sdk-v1': {
    behavior: 'The SDK v1 client lists and calls.',
    source: 'Design, "It is done when"',
  },
  'wire/client/inspector': {
    behavior: 'The Inspector’s command line lists and calls, in the legacy and in the modern era.',
    source: 'Design, "It is done when"',
  },
  'wire/client/mcporter': {
    behavior: 'The client mcporter lists and calls.',
    source: 'Design, "It is done when"',
  },
  'wire/client/mcp-remote': {
    behavior: 'The client mcp-remote, driven over stdio, lists and calls.',
    source: 'Design, "It is done when"',
  },
  'wire/client/ai-sdk': {
    behavior: 'The AI SDK’s client lists and calls.',
    source: 'Design, "It is done when"',
  },
  'wire/stdio/garbage': {
    behavior:
      'On stdio a line that is no message is answered with id null, and those after it are served.',
    source: 'JSON-RPC 2.0 §5.1; MCP, Transports, stdio',
  },
  'wire/stdio/too-long': {
    behavior:
      'On stdio a line over the cap is refused as soon as it is over, nothing of it is kept, and those after it are served.',
    source: 'design §2; MCP, Transports, stdio',
  },
  'wire/stdio/modern': {
    behavior:
      'On stdio a request is of the modern era if its own `_meta` says so, without headers.',
    source: 'MCP 2026-07-28, Versioning',
  },
  'wire/stdio/ids': {
    behavior:
      'On stdio ids are echoed by their literal, and one that is in flight is refused, whatever the era.',
    source: 'JSON-RPC 2.0 §4; MCP, "Requests"',
  },
  'wire/stdio/cancel': {
    behavior:
      'On stdio `notifications/cancelled` ends a request of either era, which is not answered then.',
    source: 'MCP 2025-11-25 and 2026-07-28, "Cancellation"',
  },
  'wire/stdio/question': {
    behavior:
      'On stdio a legacy client is asked in the middle of its call; a modern one by `input_required`.',
    source: 'MCP 2025-11-25, "Elicitation"; spec facts §1.8',
  },
  'wire/stdio/listen': {
    behavior:
      'On stdio several listens and a legacy session share the line, each told under its own id, and a drain ends each listen with its result.',
    source: 'MCP 2026-07-28, "Subscriptions"',
  },
  'wire/stdio/input-end': {
    behavior:
      'When a client ends its input, its questions are dropped, its listens end with their results, and its calls are answered.',
    source: 'MCP 2025-11-25, Lifecycle, "Shutdown", stdio',
  },
  'wire/stdio/batch': {
    behavior: 'On stdio arrays are answered in revision 2025-03-26 and refused in all others.',
    source: 'MCP 2025-03-26, "Batching"',
  },
  'wire/stdio/rate': {
    behavior:
      'On stdio requests over the principal’s rate are refused, while answers and cancellations still count.',
    source: 'design §2, "The way of one call"',
  },
  'wire/stdio/slow-reader': {
    behavior:
      'A slow reader on stdio gets all of an answer; one that takes nothing is cut off, its calls are aborted and its bytes given back.',
    source: 'design §2',
  },
  'wire/stdio/local-only': {
    behavior: 'Lines are served on the local socket and on no port.',
    source: 'design §2, "Local administrator"',
  },
} as const satisfies ClaimsOf<'wire'>
