import type { Claim } from './claim.ts'

const TASK = 'Task of Design, "Groups"'
const HANGAR = 'facts/hangar.md §6'

/** Servers that answer for one name. */
export const GROUPS = {
  'groups/rules': {
    behavior:
      'A group whose members are no servers, are named twice or are too few for `minHealthy` is refused with its line before anything opens.',
    source: 'design §3, "Names"',
  },
  'groups/name': {
    behavior:
      'A group is called like a server: tools `<group>__<name>`, an address `/servers/<group>/mcp`, a place in endpoints; it shows what any of its members lists.',
    source: 'design §3',
  },
  'groups/hidden': {
    behavior:
      'With `hideMembers` the members are on no list, at no address and in no endpoint; their tasks are still reached through the group.',
    source: TASK,
  },
  'groups/uris': {
    behavior:
      'A group changes no URI of its visible members: each is listed once, as it is, and read through the group; `<member>+<uri>` and `<group>+<uri>` lead to the one they name.',
    source: 'design §3, "Names"',
  },
  'groups/strategy': {
    behavior:
      'Members are chosen in turn, by weight, by fewest calls in flight, at random by weight or by priority, as the strategy says.',
    source: TASK,
  },
  'groups/cold': {
    behavior: 'A member that is cold is in rotation, and a call starts it.',
    source: TASK,
  },
  'groups/room': {
    behavior:
      'Calls through a group count in the bound of the member that gets them, and go to members with room first.',
    source: 'design §6',
  },
  'groups/canary': {
    behavior:
      'Pinned principals and a share of the others get the canary member, a principal always the same side, unless that side has no member in rotation.',
    source: TASK,
  },
  'groups/failover/unsent': {
    behavior:
      'A call that did not reach its member moves to the next one, each member once at most.',
    source: 'design §5',
  },
  'groups/failover/sent': {
    behavior:
      'A call that may have reached its member moves only if its tool is repeatable at every member; else its outcome is `unknown`.',
    source: `design §5; ${HANGAR}, scenario 3`,
  },
  'groups/failover/never': {
    behavior:
      'Errors of tools and of callers and deadlines move no call; neither they nor rate limits take a member out of rotation or open a breaker.',
    source: `${HANGAR}, scenario 5`,
  },
  'groups/own-child': {
    behavior:
      'A caller whose own child ends or hangs takes the server out of rotation for nobody else.',
    source: 'Published complaints about false evictions by one caller',
  },
  'groups/failback': {
    behavior:
      'A member that works again is used again within two of its probe intervals, without anybody doing anything.',
    source: `${HANGAR}, scenario 3`,
  },
  'groups/breaker': {
    behavior:
      'The breaker of a group opens after calls in a row failed at every member tried, and closes by itself through one probe.',
    source: `${HANGAR}, scenario 4`,
  },
  'groups/below': {
    behavior:
      'With fewer healthy members than `minHealthy` a group refuses calls with the time to retry, or serves with what there is, as `below` says.',
    source: TASK,
  },
  'groups/shown': {
    behavior:
      'Lists say of each group its state, how many members are healthy and, unless they are hidden, which.',
    source: TASK,
  },
  'groups/member': {
    behavior:
      'What follows on a call — its task, its answers to questions — goes to the member that has it.',
    source: 'MCP Tasks extension; 2026-07-28, "Multi round-trip requests"',
  },
  'groups/subscriptions': {
    behavior:
      'A resource watched through a group is announced under the name of the group, also after its member left rotation.',
    source: TASK,
  },
  'groups/reload': {
    behavior:
      'Over a reload an unchanged group keeps whose turn it is, its breaker and what is watched through it.',
    source: TASK,
  },
} as const satisfies Readonly<Record<string, Claim>>
