import type { ClaimsOf } from './claim.ts'

/** Lists of every kind, resources and their URIs, and what endpoints choose of them. */
export const FEATURES = {
  'features/sources': {
    behavior:
      'Every list says which servers it is of, in what state, with how many entries and when read; a server that is down neither empties nor fails it.',
    source: 'Design, "Lists with provenance"; design §5',
  },
  'features/never-seen': {
    behavior: 'A list waits for servers of which any list was never read, and for no others.',
    source: 'design §5',
  },
  'features/list/never-empty': {
    behavior:
      'A list of resources, templates or prompts that comes back empty where it was not keeps its entries and counts as degraded.',
    source: 'Design, "Lists with provenance"',
  },
  'features/list/everyone': {
    behavior:
      'A list is the same bytes for everyone who may see it, whatever was asked before and over whichever connection.',
    source: 'rule C7; MCP 2026-07-28, "Statelessness"',
  },
  'features/list/changed': {
    behavior:
      'A changed list reaches every client that sees its server within a second, as list-changed or on its listen stream.',
    source: 'Design, "Lists with provenance"',
  },
  'features/stored': {
    behavior:
      'A restarted gateway knows every list, and what servers can do, from its store without starting one.',
    source: 'design §4 and §5',
  },
  'features/prompts': {
    behavior: 'A prompt is `<server>__<prompt>`, and each name leads to its own server.',
    source: 'design §3, "Names"',
  },
  'features/cache-hints': {
    behavior: 'No list is ever marked public, since it is filtered: all four are private.',
    source: 'rule C5; MCP 2026-07-28, "Caching"',
  },
  'features/pages': {
    behavior: 'Pages of every list hold every entry once, in order, and the last one says so.',
    source: 'MCP, "Pagination"',
  },
  'features/cursor': {
    behavior: 'A cursor of another principal, address or list is -32602.',
    source: 'design §2, "Errors on the wire"; rule C8',
  },
  'features/bytes': {
    behavior:
      'Entries of lists are carried byte for byte, with only their name or URI changed: unknown fields, `_meta`, keywords, numbers and order stay.',
    source: 'rule I5; design §2',
  },
  'features/schema': {
    behavior:
      'A schema is carried and never worked out: a remote `$ref` is not fetched, and one that nests, repeats or refers to itself costs nothing.',
    source: 'rule I4; MCP 2026-07-28, "Schemas"',
  },
  'features/uris': {
    behavior: 'A resource URI passes unchanged and leads to the server that lists it.',
    source: 'design §3, "Names"',
  },
  'features/uris/collision': {
    behavior:
      'A URI that two servers list, or that looks like another server’s, is `<server>+<uri>` for each and leads back.',
    source: 'design §3, "Names"; rule I1',
  },
  'features/templates': {
    behavior:
      'A URI that no server lists leads to the closest template that it may have come from.',
    source: 'RFC 6570; design §3, "Names"',
  },
  'features/template-bomb': {
    behavior: 'No URI template makes a look-up slow, and none hides those of another server.',
    source: 'CVE-2026-0621; rule I4',
  },
  'features/links': {
    behavior:
      'A link in a result leads back to the server that gave it, for the principal that got it and for nobody else.',
    source: 'Design, "Names"; rule C8',
  },
  'features/ui': {
    behavior:
      'The `ui://` resource of a tool stays readable, moves with its tool’s `_meta`, and its policy stays as its server wrote it.',
    source: 'rule I13; MCP Apps extension',
  },
  'endpoints/hidden': {
    behavior:
      'What an endpoint does not show is not listed, counted, called, read or completed: it is answered as if it did not exist.',
    source: 'Design, "Endpoints"; design §2, "Errors on the wire"; rule I6',
  },
  'endpoints/glob': {
    behavior:
      'A glob is whole, `*` is any run and `?` one character, and none makes matching slow.',
    source: 'Design, "Endpoints"',
  },
  'endpoints/rename': {
    behavior: 'A renamed tool answers to its new name only, which comes before any other.',
    source: 'Design, "Endpoints"; rule B5',
  },
  'endpoints/override': {
    behavior:
      'An endpoint’s description and pins replace those of the server, for that endpoint alone.',
    source: 'Design, "Endpoints"',
  },
  'endpoints/drop-prefix': {
    behavior:
      'Names lose their prefix where nothing else claims them; rivals keep theirs, and it is logged once.',
    source: 'Design, "Endpoints"; rule I1',
  },
  'endpoints/refuse': {
    behavior:
      'An endpoint of an unknown server, of two tools with one name or with an override that is never seen is refused before anything opens, naming both sides.',
    source: 'Design, "Endpoints"',
  },
  'endpoints/reach': {
    behavior:
      'A glob that can fit nothing of an endpoint’s servers, and a server named twice, are refused; what is allowed and denied at once is warned of.',
    source: 'Design, "Endpoints"; rule A4',
  },
  'endpoints/no-sse': {
    behavior: 'An endpoint has no address of HTTP+SSE.',
    source: 'docs/endpoints.md, "Addresses"',
  },
  'endpoints/ui': {
    behavior:
      'The interface of a tool that an endpoint shows is readable there unless denied, that of a hidden tool is not.',
    source: 'rule I13; Design, "Endpoints"',
  },
} as const satisfies ClaimsOf<'features' | 'endpoints'>
