import type { ClaimsOf } from './claim.ts'

/** The servers behind the gateway: started, spoken to, recovered and ended. */
export const UPSTREAMS = {
  'upstreams/start/once': {
    behavior:
      'Fifty concurrent calls start a cold server once, all succeed, and none waits longer than start and call.',
    source: 'Hangar scenario 1',
  },
  'upstreams/start/fails': {
    behavior:
      'A server that fails to start, or takes too long, is a typed error for every caller and leaves no process.',
    source: 'design §5',
  },
  'upstreams/start/back-off': {
    behavior:
      'A server that keeps dying is left alone for a while, and callers are told at once when to come back.',
    source: 'design §5',
  },
  'upstreams/idle/call-kept': {
    behavior: 'A call longer than the idle time is not cut.',
    source: 'Hangar scenario 2',
  },
  'upstreams/idle/stops': {
    behavior:
      'A server stops after real idleness with all that it started, and the next call starts it again.',
    source: 'Hangar scenario 2',
  },
  'upstreams/idle/probes': {
    behavior: 'A probe is no use: a probed server still becomes idle.',
    source: 'design §6',
  },
  'upstreams/stop/drain': {
    behavior:
      'A stopping gateway lets running calls finish, answers them, and leaves no process behind.',
    source: 'design §6; Design, "Two commands"',
  },
  'upstreams/stop/deadline': {
    behavior: 'A call that outlasts the drain is answered, and says that its outcome is unknown.',
    source: 'design §6',
  },
  'upstreams/stop/stubborn': {
    behavior: 'A child that ignores its input and SIGTERM is killed, with what it started.',
    source: 'design §5',
  },
  'upstreams/stop/orphans': {
    behavior: 'What a killed gateway left running is ended by the next start, and nothing else is.',
    source: 'design §5',
  },
  'upstreams/share/none': {
    behavior: 'No two principals meet in one session with a server unless `share` says so.',
    source: 'design §5',
  },
  'upstreams/share/all': {
    behavior: 'With `share: all` two principals use one session.',
    source: 'design §5',
  },
  'upstreams/room': {
    behavior:
      'Beyond the cap of children an idle one leaves first, and a caller waits for a busy one.',
    source: 'design §5',
  },
  'upstreams/era/probe': {
    behavior: 'A server is spoken to in its own era; silence of a second on stdio is legacy.',
    source: 'MCP 2026-07-28, Versioning, "Era detection"; Design, "Server side"',
  },
  'upstreams/era/remembered': {
    behavior: 'A remembered verdict spares the probe, and one that fails is probed again.',
    source: 'Design, "Server side"',
  },
  'upstreams/era/unauthorized': {
    behavior: '401 and 403 from a server are no era: they are reported as the refusal they are.',
    source: 'Design, "Server side"',
  },
  'upstreams/capabilities': {
    behavior:
      'A legacy server is offered elicitation and sampling whatever its client can, and roots only where `roots` says so.',
    source: 'design §5',
  },
  'upstreams/question/relayed': {
    behavior:
      'What a legacy server asks in the middle of a call reaches that call on every transport, and the answer goes back as it was given, under the id the server chose.',
    source: 'Design, "The bridge"; MCP 2025-11-25, client features',
  },
  'upstreams/question/nobody': {
    behavior:
      'A question that no client in flight can be asked is answered at once: an elicitation is declined, anything else is an error that says why.',
    source: 'design §5',
  },
  'upstreams/question/able': {
    behavior:
      'Of several calls in flight a question that names none goes to the newest whose client can be asked it.',
    source: 'MCP 2025-11-25, Elicitation and Sampling, "Capabilities"',
  },
  'upstreams/question/own-client': {
    behavior:
      'A question that names no call is asked of nobody while calls of more than one client are in flight on its session: its server gets an error and the log a warning.',
    source: 'rule I9',
  },
  'upstreams/question/flood': {
    behavior:
      'A server with sixteen open questions gets an error for each further one, and other calls go on.',
    source: 'style §3, limits',
  },
  'upstreams/roots/config': {
    behavior:
      'A server with roots of its own in the configuration is told these by the gateway, with no client asked.',
    source: 'design §3',
  },
  'upstreams/roots/client': {
    behavior:
      'With `roots: client` each client session has an upstream session of its own, is asked for its roots itself, and takes the upstream session with it when it ends.',
    source: 'design §5',
  },
  'upstreams/share/tenant': {
    behavior:
      'With `share: tenant` the principals of a tenant use one session, and whoever has no tenant is alone.',
    source: 'design §5',
  },
  'upstreams/children/principal': {
    behavior:
      'One principal has eight children of a server at most; an idle one leaves for the next.',
    source: 'design §5',
  },
  'upstreams/lists': {
    behavior:
      'Tools, resources, templates and prompts are each read by themselves: one that cannot be read keeps none of the others away.',
    source: 'Design, "Lists with provenance"',
  },
  'upstreams/lists/changed': {
    behavior:
      'A change that a server announces, in either era, is read within a second, and only the list it is about.',
    source: 'Design, "Lists with provenance"',
  },
  'upstreams/subscriptions': {
    behavior:
      'A resource is subscribed to at its server in the way of its era, once however many want it, until the last one leaves.',
    source: 'Design, "The bridge"; MCP, "Resources" and "Subscriptions"',
  },
  'upstreams/subscriptions/kept': {
    behavior:
      'A subscription outlives the session it was made on: a lost one is opened again, subscribed anew, and what may have been missed is announced.',
    source: 'Design, "Session recovery"',
  },
  'upstreams/log-level': {
    behavior:
      'A legacy server is set to the level of log messages that a call wants before it gets the call, and only when it sends less.',
    source: 'Design, "The bridge"; MCP 2025-11-25, "Logging"',
  },
  'upstreams/roots': {
    behavior: 'A client that offers `file:///` as root cannot list it through the quickstart.',
    source: 'Design, "It is done when"',
  },
  'upstreams/environment': {
    behavior:
      'A child gets a short list of the gateway’s environment, its own `env` and our mark, nothing else.',
    source: 'design §5',
  },
  'upstreams/no-shell': {
    behavior: 'Arguments of a command are a vector, whatever they contain: no shell reads them.',
    source: 'rule H5',
  },
  'upstreams/spawn-logged': {
    behavior:
      'Every start of a child is logged with its server, its process and its command, and without secrets.',
    source: 'rule H4',
  },
  'upstreams/credential': {
    behavior: 'No header of a client, least of all its credential, reaches a server.',
    source: 'rule B7; MCP 2026-07-28, Authorization, "Access Token Privilege Restriction"',
  },
  'upstreams/header/agree': {
    behavior:
      'The headers sent to a modern server agree with the renamed body, and declared arguments travel as headers.',
    source: 'rule B5; MCP 2026-07-28, Streamable HTTP, "Standard request headers"',
  },
  'upstreams/header/injection': {
    behavior:
      'A line break or a character beyond ASCII in a name or argument breaks no header and smuggles no message.',
    source: 'rule B6',
  },
  'upstreams/request-id': {
    behavior:
      'An answer reaches the caller it is for: a second one, and one with an unknown or foreign id, is dropped and counted.',
    source: 'rule B9; JSON-RPC 2.0 §5',
  },
  'upstreams/cancel': {
    behavior: 'A call that is given up is cancelled at its server, in the way of the server’s era.',
    source: 'rule A6; MCP, "Cancellation"',
  },
  'upstreams/session/lost': {
    behavior:
      'A server that forgot its sessions is met again once without the caller noticing, and is sent a call twice at most.',
    source: 'design §5',
  },
  'upstreams/retry/never': {
    behavior:
      'A call that was sent to a server that was lost is not repeated when its tool may change something.',
    source: 'design §5',
  },
  'upstreams/retry/pinned': {
    behavior: 'A call whose tool is pinned read-only is repeated once, never twice.',
    source: 'design §5',
  },
  'upstreams/retry/unsent': {
    behavior: 'Calls that were not yet handed over when a server dies go to the next one.',
    source: 'design §5',
  },
  'upstreams/lost/outcome': {
    behavior:
      'A call that was handed over to a server that was lost says that its outcome is unknown.',
    source: 'design §2, "Errors on the wire"',
  },
  'upstreams/kills': {
    behavior:
      'A server that is killed again and again loses no call to silence: each is answered or a typed error.',
    source: 'Design, "It is done when"',
  },
  'upstreams/output/garbage': {
    behavior:
      'What is no message on a child’s output is skipped and logged without control characters.',
    source: 'rule H6; design §7',
  },
  'upstreams/hostile/stream': {
    behavior:
      'An event stream without end or full of garbage costs its own call at most, and is dropped with it.',
    source: 'Design, "Bad input"',
  },
  'upstreams/output/endless': {
    behavior: 'A line of a child that never ends does not grow memory: the child is ended.',
    source: 'rule A9',
  },
  'upstreams/stderr': {
    behavior:
      'A flood on a child’s stderr is no error, blocks nothing and is kept to a bounded tail.',
    source: 'design §5; rule H6',
  },
  'upstreams/health/degraded': {
    behavior:
      'A server that stops answering probes is degraded, and ready again once it recovers or was replaced.',
    source: 'design §5',
  },
  'upstreams/error/own': {
    behavior: 'An error that a server answers with is its answer, and no failure of the server.',
    source: 'design §5',
  },
  'upstreams/tls/authority': {
    behavior:
      'A server whose certificate nobody trusts is sent nothing; an authority of its own in `tls.ca` is trusted.',
    source: 'design §3',
  },
  'upstreams/tls/client': {
    behavior:
      'A server that asks for a certificate is shown that of `tls.cert`; one that does not fit its key is a failed start.',
    source: 'Hangar 2.1',
  },
  'upstreams/proxy': {
    behavior:
      'A remote server is reached through its `proxy`, else through that of the environment: https in a tunnel, http by its whole address.',
    source: 'Hangar 2.1; RFC 9110 §9.3.6',
  },
  'upstreams/proxy/exempt': {
    behavior: 'What NO_PROXY names (names, addresses, networks) is reached directly.',
    source: 'Hangar 2.1',
  },
  'upstreams/proxy/loopback': {
    behavior: 'The environment never puts a proxy between the gateway and loopback.',
    source: 'Hangar 2.1',
  },
  'upstreams/proxy/secret': {
    behavior: 'The credential of a proxy is in no error, no log and no state.',
    source: 'design §3, "Secrets"',
  },
  'upstreams/sse': {
    behavior:
      'A server of the older HTTP+SSE transport is spoken to in both directions: answers, notifications, questions and cancellation.',
    source: 'Design, "Every transport"; MCP 2024-11-05, "HTTP with SSE"',
  },
  'upstreams/sse/fallback': {
    behavior:
      'A server that refuses a handshake over Streamable HTTP with 400, 404 or 405 is tried over HTTP+SSE; one that wants a credential or is broken is not.',
    source: 'MCP 2025-11-25, Transports, "Backwards Compatibility"',
  },
  'upstreams/sse/endpoint': {
    behavior:
      'Messages to an HTTP+SSE server go to the address it names on its own origin, and to no other; it has bounded time to name one.',
    source: 'MCP 2024-11-05, "HTTP with SSE"',
  },
  'upstreams/sse/lost': {
    behavior:
      'When the stream of an HTTP+SSE server ends, what had left has an unknown outcome and the rest was not sent.',
    source: 'Design, "Session recovery"',
  },
  'upstreams/sse/cap': {
    behavior:
      'A result over the cap on the one stream of a server fails its own call, and the others go on.',
    source: 'Design, "Bad input"',
  },
  'upstreams/sse/strays': {
    behavior:
      'On the stream of a server, an answer that nobody waits for, a second one and what is no message are counted and change nothing.',
    source: 'Design, "Bad input"',
  },
  'upstreams/posts/unanswered': {
    behavior:
      'A remote server that never answers a POST of a notification or of an answer still gets calls: few of them are open at once, and none for longer than 5 s.',
    source: 'Design, "Bad input"',
  },
  'upstreams/session/lost-ends': {
    behavior:
      'A session that its server forgot ends with its last call in flight, whatever else of it was never answered.',
    source: 'Design, "Session recovery"',
  },
  'upstreams/roots/held': {
    behavior:
      'With `roots: client` no call reaches a server that asks for roots within a second before it has those of the client.',
    source: 'design §5; MCP 2025-11-25, Roots',
  },
  'upstreams/roots/refused': {
    behavior:
      'A client that does not tell its roots to a server with `roots: client` that asks for them is refused its calls, not sent.',
    source: 'design §5',
  },
  'upstreams/roots/late': {
    behavior: 'An answer with roots is good for its session though the call that was open is over.',
    source: 'design §5; MCP 2025-11-25, Roots',
  },
  'upstreams/read-timeout': {
    behavior: 'An answer that falls silent for longer than `readTimeout` fails its call.',
    source: 'Hangar 2.1',
  },
} as const satisfies ClaimsOf<'upstreams'>
