import type { ClaimsOf } from './claim.ts'

/** Calls with an idempotency key. */
export const ONCE = {
  'once/key': {
    behavior:
      'A tool call may carry an idempotency key, in the header `Idempotency-Key` (quoted or bare) or in `_meta["dev.sallyport/idempotencyKey"]`.',
    source: 'Design, "At most once"; draft-ietf-httpapi-idempotency-key-header §2.1',
  },
  'once/key/invalid': {
    behavior:
      'A key that is not 1 to 255 printable characters, or two keys that differ, are refused as invalid params.',
    source: 'Design, "At most once"; draft-ietf-httpapi-idempotency-key-header §2.7',
  },
  'once/key/batch': {
    behavior:
      'The header of a batch with several requests names no key: the batch is refused, and each call may carry its own in `_meta`.',
    source: 'Design, "At most once"; MCP 2025-03-26, "Batching"',
  },
  'once/repeat': {
    behavior:
      'A repeat with the key and the arguments of an earlier call gets its answer, with its own id and in its own era, marked `dev.sallyport/replayed`; nothing is sent.',
    source: 'Design, "At most once"',
  },
  'once/whose': {
    behavior: 'A key counts for one principal, one server or group, and one tool.',
    source: 'Design, "At most once"',
  },
  'once/conflict': {
    behavior: 'A key that comes back with other arguments is refused with `idempotency_conflict`.',
    source: 'Design, "At most once"; draft-ietf-httpapi-idempotency-key-header §2.7',
  },
  'once/together': {
    behavior: 'Of calls with one key that come at once, one is made; the others get its answer.',
    source: 'Design, "At most once"',
  },
  'once/elsewhere': {
    behavior: 'Two gateways on one PostgreSQL make a call with one key once between them.',
    source: 'Design, "At most once"; design §9',
  },
  'once/not-sent': {
    behavior: 'A call that certainly was not sent is made when its key comes back.',
    source: 'Design, "At most once"',
  },
  'once/unknown': {
    behavior:
      'A call whose outcome nobody knows is never made again: its repeats get `outcome_unknown`.',
    source: 'Design, "At most once"',
  },
  'once/gone': {
    behavior: 'A call of a gateway that was killed has no known outcome, and its repeats say so.',
    source: 'Design, "At most once"; design §4',
  },
  'once/kept': {
    behavior:
      'The outcome of a call with a key is remembered for 24 hours, over a restart and over `kill -9`.',
    source: 'Design, "At most once"',
  },
  'once/too-large': {
    behavior:
      'Of an answer that is too large to be kept, repeats hear that the call was made and how it ended.',
    source: 'Design, "At most once"',
  },
  'once/unwritable': {
    behavior:
      'While the store cannot be written, a call with a key is refused with `store_unwritable` before it is sent.',
    source: 'Design, "At most once"; design §4',
  },
  'once/lost-connection': {
    behavior:
      'A call with a key goes on when its client loses the connection, within its own deadline, and the client finds its answer later, also under the request id of the first.',
    source: 'Design, "At most once"',
  },
  'once/rounds': {
    behavior:
      'Rounds of questions belong to one call: a retry with the same key and the state of the round before goes on with it.',
    source: 'Design, "At most once"; MCP 2026-07-28, "Multi round-trip requests"',
  },
  'once/repeatable': {
    behavior:
      'The gateway does not repeat a call with a key by itself, unless its tool is pinned read-only.',
    source: 'Design, "At most once"; design §5',
  },
} as const satisfies ClaimsOf<'once'>
