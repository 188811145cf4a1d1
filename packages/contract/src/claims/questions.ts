import type { ClaimsOf } from './claim.ts'

/** Calls between the eras: what servers ask meanwhile, names and kinds of results, tasks, subscriptions. */
export const QUESTIONS = {
  'questions/legacy-legacy': {
    behavior:
      'A question of a legacy server is put to the legacy client on the stream of its call, and the answer goes back as it is.',
    source: '§1.8 of the protocol facts; MCP 2025-11-25, "Elicitation"',
  },
  'questions/legacy-client': {
    behavior:
      'What a modern server wants is asked of a legacy client on its stream, and the call repeated with the answers.',
    source: '§1.8 of the protocol facts; Design, "The bridge"',
  },
  'questions/modern-client': {
    behavior:
      'A question of a legacy server parks its call and is an `input_required` for a modern client, whose retry goes on with the same call.',
    source: '§1.8 of the protocol facts; Design, "The bridge"',
  },
  'questions/url-required': {
    behavior:
      'The error -32042 of a legacy server is a question for a modern client and its retry the same call; the code itself never reaches one.',
    source: 'hazards of rule J; MCP 2025-11-25, "Elicitation", URL mode',
  },
  'questions/state/server': {
    behavior:
      'A server’s `requestState` comes back to it as it was and is never shown to a client; unknown members beside it stay.',
    source: 'rule C1; MCP 2026-07-28, "Multi round-trip requests"',
  },
  'questions/state/bound': {
    behavior:
      'A `requestState` is good for the same principal, address, method, name and arguments alone, in whatever order these are written.',
    source: 'rule C1; rule C8; rule I9',
  },
  'questions/state/tampered': {
    behavior: 'A `requestState` of which a byte was changed, cut or added is -32602.',
    source: 'rule C1; Design, "Bad input"',
  },
  'questions/state/once': {
    behavior: 'A `requestState` is good for one retry, and a wrong use does not use it up.',
    source: 'rule C1; MCP 2026-07-28, "Multi round-trip requests"',
  },
  'questions/state/expires': {
    behavior: 'A `requestState` is good as long as a person may take, and no longer.',
    source: 'rule C1; design §6',
  },
  'questions/parked/bounded': {
    behavior:
      'So many calls of a principal, and of all together, wait for a person; one more is `overloaded` and ended at its server.',
    source: 'design §6',
  },
  'questions/parked/expires': {
    behavior: 'A parked call whose client does not come back in time is cancelled at its server.',
    source: 'design §6; Design, "The bridge"',
  },
  'questions/parked/ended': {
    behavior:
      'A revoked key, a stop, and a client that leaves during its retry end parked calls at the server.',
    source: 'rule A6; design §2',
  },
  'questions/parked/quiet': {
    behavior:
      'What a server tells while its call is parked goes nowhere, and later to the retry under its own progress token.',
    source: 'MCP 2026-07-28, "Progress"; rule A6',
  },
  'questions/held': {
    behavior:
      'A question that names no call holds the deadlines of those it may belong to for at most the time a person has to answer, in all.',
    source: 'Design, "Numbers": a call is answered in bounded time, whatever its server does',
  },
  'questions/deadline': {
    behavior: 'The deadline of a call stands still while a person is asked.',
    source: 'design §6',
  },
  'questions/expires': {
    behavior:
      'A legacy client that does not answer in time fails its call as `question_unanswered`.',
    source: 'design §6',
  },
  'questions/declined': {
    behavior:
      'A form that a legacy client refuses with an error is dismissed for the server; any other refusal ends the call.',
    source: '§1.8 of the protocol facts',
  },
  'questions/withdrawn': {
    behavior:
      'A question that a server takes back, or whose call ends without its answer, is taken back from the client.',
    source: 'MCP 2025-11-25, "Cancellation"; Design, "Bad input"',
  },
  'questions/capability': {
    behavior:
      'Nobody is asked what they did not declare: the form of a legacy server is declined, and everything else is -32021 or an error that says what is missing.',
    source: 'rule C2; MCP 2026-07-28, "Error codes"',
  },
  'questions/no-stream': {
    behavior:
      'A legacy client that takes no stream is declared to servers as one that cannot be asked.',
    source: 'rule C2',
  },
  'questions/methods': {
    behavior:
      '`input_required` is taken in answer to `tools/call`, `prompts/get` and `resources/read` alone.',
    source: 'rule C3',
  },
  'questions/malformed': {
    behavior: 'A demand for input that asks nothing, or too much, is a broken protocol.',
    source: 'Design, "Bad input"; MCP 2026-07-28, "Multi round-trip requests"',
  },
  'questions/rounds': {
    behavior: 'A server that goes on asking is cut off after 32 rounds.',
    source: 'house style §3.1',
  },
  'questions/rounds/partial': {
    behavior:
      'Answers that a retry leaves out are asked for again, and those to nothing that was asked are ignored.',
    source: 'rule C3; MCP 2026-07-28, "Multi round-trip requests"',
  },
  'questions/roots': {
    behavior:
      'Roots that the operator listed are answered by the gateway, and a client’s own are asked for only with `roots: client`.',
    source: 'design §5',
  },
  'questions/who-asks': {
    behavior:
      'Where servers are many a question says which one asks; under the address of one server its words are carried as they are.',
    source: 'rule I9; rule I7',
  },
  'calls/unknown': {
    behavior:
      'An unknown or hidden tool, prompt, resource, reference or task is refused in the words of its kind, and no server is asked.',
    source: 'rule I6; design §2, "Errors on the wire"',
  },
  'calls/result-type': {
    behavior:
      'A kind of result that the client did not declare is a broken protocol, and one without a kind is complete.',
    source: 'hazards of rule J; MCP 2026-07-28, "Results"; rule I14',
  },
  'calls/cache': {
    behavior: 'What is read of a server that says nothing of keeping it is not to be kept.',
    source: 'rule C6; rule C5; MCP 2026-07-28, "Caching"',
  },
  'calls/logs': {
    behavior:
      'Log messages reach a client from the level it named, a modern one that named none gets none.',
    source: 'rule C9; MCP 2026-07-28, "Logging"',
  },
  'calls/removed': {
    behavior:
      'A method that an era does not have never passes, whatever servers take; an extension’s own passes where there is one server.',
    source: 'hazards of rule J; Design, "Every feature"',
  },
  'calls/names': {
    behavior:
      'Resources and tasks in results, contents, prompts and notifications carry their public names, and nothing else of them changes.',
    source: 'design §3, "Names"; Design, "Names"',
  },
  'calls/face': {
    behavior:
      'A gateway of many servers offers the sum of what they can, one server its own; what cannot be routed is not offered.',
    source: 'Design, "Every feature"; MCP 2026-07-28, "Discovery"',
  },
  'tasks/owner': {
    behavior:
      'A task is known to the principal it was shown to: another’s id, a changed one and the server’s own are unknown tasks.',
    source: 'rule C8; rule I14',
  },
  'tasks/declared': {
    behavior:
      'A modern client that did not declare the tasks extension gets -32021 for its methods.',
    source: 'rule I14; MCP Tasks extension, "Capability negotiation"',
  },
  'tasks/ids': {
    behavior: 'A task has the same public id each time, also after a restart, in either era.',
    source: 'rule I14; MCP Tasks extension',
  },
  'subscriptions/refused': {
    behavior: 'A subscription that the server refuses leaves nothing behind.',
    source: 'Design, "Subscriptions"',
  },
  'subscriptions/race': {
    behavior:
      'A client that leaves while its server is asked is let go of once, and never at the cost of another.',
    source: 'Design, "Subscriptions"; house style §3.9',
  },
  'subscriptions/own': {
    behavior:
      'News of a resource reach those who watch it over the session it came on, and nobody else.',
    source: 'rule C4; rule D6',
  },
  'subscriptions/names': {
    behavior: 'News of a resource come under the URI by which its client knows it.',
    source: 'design §3, "Names"',
  },
  'subscriptions/bounded': {
    behavior: 'One client watches 1,000 resources at most.',
    source: 'house style §3.1',
  },
  'subscriptions/told': {
    behavior:
      'What a server tells outside of calls reaches the sessions of one principal that see it; where several share it, nobody.',
    source: 'rule D6; design §2',
  },
} as const satisfies ClaimsOf<'questions' | 'calls' | 'tasks' | 'subscriptions'>
