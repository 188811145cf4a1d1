import type { ClaimsOf } from './claim.ts'

/** What was tried with the official SDKs, with clients of other makers, and byte by byte. */
export const COMPATIBILITY = {
  'compatibility/matrix': {
    behavior:
      'Every feature reaches the clients of both official SDKs, in both eras, from servers over stdio, Streamable HTTP and HTTP+SSE, in both eras; what cannot exist is listed with its reason.',
    source: 'Design, "It is done when"; facts, §1.8',
  },
  'compatibility/golden/alone': {
    behavior:
      'On a server’s own address its results, lists and errors come out byte for byte, whatever the numbers, Unicode, depth, order and unknown fields.',
    source: 'Design, "It is done when"; rule I5',
  },
  'compatibility/golden/merged': {
    behavior: 'On the merged address they do, too, but for their names.',
    source: 'Design, "It is done when"; rule I5; design §2',
  },
  'compatibility/golden/request': {
    behavior:
      'A server gets the arguments and metadata of a request byte for byte, over stdio and HTTP, from a client of either era.',
    source: 'Design, "It is done when"; rule I5; design §2',
  },
  'compatibility/question': {
    behavior:
      'A server’s question in the middle of a call reaches the person behind a client of another maker, or is declined or refused at once where that client cannot be asked.',
    source: 'Design, "It is done when"',
  },
  'compatibility/conformance/server': {
    behavior:
      'All that the official suite requires of a server at 2025-11-25 and 2026-07-28 passes through the gateway, and no check comes out differently than without it but those of a list with reasons.',
    source: 'Design, "It is done when"; facts, §3',
  },
  'compatibility/conformance/across-eras': {
    behavior:
      'The suite of one era, run against a server of the other alone, loses nothing but what a list says cannot exist there.',
    source: 'Design, "It is done when"; facts, §1.8',
  },
  'compatibility/conformance/client': {
    behavior:
      'As the client of the suite’s own servers the gateway passes every scenario outside authorization at both revisions.',
    source: 'Design, "It is done when"; facts, §3',
  },
} as const satisfies ClaimsOf<'compatibility'>
