import type { ClaimsOf } from './claim.ts'

/** What a client may rely on beyond one request and its answer: streams, questions, listening. */
export const TRANSPORTS = {
  'wire/session/scope': {
    behavior: 'A session belongs to the address it was opened at; at any other it is unknown.',
    source: 'rule D3; design §4',
  },
  'wire/session/random': {
    behavior: 'Session ids are random and of visible ASCII; no two are alike.',
    source: 'rule D2; MCP 2025-11-25, Streamable HTTP, "Session Management"',
  },
  'wire/session/abilities': {
    behavior:
      'What a legacy client declared at its start is known with each of its requests, also after a restart.',
    source: 'design §4',
  },
  'wire/session/collected': {
    behavior: 'Abandoned sessions are collected, and what they held is given back.',
    source: 'rule D5; Design, "Numbers"',
  },
  'wire/question/stream': {
    behavior:
      'A legacy client is asked on the stream of its call; who takes no stream is not asked, nor is a modern client.',
    source: 'MCP 2025-11-25, Streamable HTTP, "Sending Messages to the Server"',
  },
  'wire/question/listening': {
    behavior:
      'Outside a call a legacy client is asked on the stream it listens on, and not without one.',
    source: 'MCP 2025-11-25, Streamable HTTP, "Listening for Messages from the Server"',
  },
  'wire/question/once': {
    behavior: 'The first answer to a question counts; a second one is ignored.',
    source: 'Design, "Bad input"',
  },
  'wire/question/foreign': {
    behavior: 'No other session and no other principal can answer a question.',
    source: 'rule I9; rule D6',
  },
  'wire/question/taken-back': {
    behavior: 'A question whose call is cancelled is taken back from the client that was asked.',
    source: 'MCP 2025-11-25, "Cancellation"',
  },
  'wire/question/bound': {
    behavior: 'A session has at most 64 questions open; the next one fails at once.',
    source: 'style §3.1',
  },
  'wire/resume/answer': {
    behavior:
      'A legacy client that lost the stream of a call comes back for what it missed, questions and the answer included.',
    source: 'rule A7; MCP 2025-11-25, Streamable HTTP, "Resumability and Redelivery"',
  },
  'wire/resume/streams': {
    behavior: 'A stream that is resumed brings its own messages and no other stream’s.',
    source: 'rule A7; MCP 2025-11-25, Streamable HTTP, "Resumability and Redelivery"',
  },
  'wire/resume/foreign': {
    behavior: 'Nothing of a stream is replayed to another session or principal.',
    source: 'rules A7 and D6',
  },
  'wire/resume/unknown': {
    behavior: 'An event id that is unknown or malformed gets a new stream, not an error.',
    source: 'Design, "Session recovery"',
  },
  'wire/resume/bound': {
    behavior:
      'Of a stream at most 256 messages and 1 MiB are kept, for a minute, and of eight ended streams a session.',
    source: 'rule D5',
  },
  'wire/resume/primed': {
    behavior:
      'Streams of a session carry event ids, unique in the session; a client of 2025-11-25 has the first at once.',
    source: 'MCP 2025-11-25, Streamable HTTP, "Sending Messages to the Server"',
  },
  'wire/sse': {
    behavior:
      'A client of HTTP+SSE finds its address on `/sse`, sends to `/messages`, and has answers, questions and news on its stream.',
    source: 'MCP 2024-11-05, "Transports", "HTTP with SSE"',
  },
  'wire/sse/bound': {
    behavior:
      'An HTTP+SSE session is its principal’s alone and ends with its stream, and its calls with it.',
    source: 'rules D1 and D3',
  },
  'wire/sse/refused': {
    behavior:
      'A message of HTTP+SSE that is broken, too large or of another type is refused at once, and the session goes on.',
    source: 'rule A9',
  },
  'wire/listen/filter': {
    behavior:
      'A listen is told first what of its wish is granted, and hears of nothing else, each time under its id.',
    source: 'rule C4; MCP 2026-07-28, "Subscriptions"',
  },
  'wire/listen/no-gap': {
    behavior: 'A change between the listen and its acknowledgement is told right after it.',
    source: 'rule C4; MCP 2026-07-28, "Subscriptions"',
  },
  'wire/log/level': {
    behavior:
      'The log level a client asks for is known with its requests: a modern one’s with each, a legacy one’s in its session.',
    source: 'rule C9; MCP 2026-07-28, "Logging"; MCP 2025-11-25, "Logging"',
  },
} as const satisfies ClaimsOf<'wire'>
