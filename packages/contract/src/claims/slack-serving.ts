import type { Claim } from './claim.ts'

/** How the Slack server serves: every first-party server that is made of tools serves so. */
export const SLACK_SERVING = {
  'slack/serving/eras': {
    behavior:
      'Clients of every revision from 2024-11-05 to 2026-07-28 list the tools and call them, over Streamable HTTP and, up to 2024-11-05, over HTTP with SSE.',
    source: 'MCP 2026-07-28, "Versioning"; Slack checklist, "MCP Endpoint"',
  },
  'slack/serving/smoke': {
    behavior:
      'The smoke call of the checklist works as it stands: `initialize` of 2024-11-05, without `Accept`.',
    source: 'Slack checklist, "Test MCP endpoint"',
  },
  'slack/serving/granted': {
    behavior:
      'Listed are the tools of the toolsets that are on which a token of the caller can use; any other name is answered byte for byte as one that does not exist, and clients are told when the list changes.',
    source: 'design, "Errors on the wire"',
  },
  'slack/serving/arguments': {
    behavior:
      'Arguments that do not fit are a tool error that names each by key, shape and remedy and repeats no value.',
    source: 'design, "Errors on the wire"; MCP 2025-11-25, "Tools", "Error Handling"',
  },
  'slack/serving/recorded': {
    behavior:
      'Every call is in the audit log before its answer leaves, and before it changes anything; a call that cannot be recorded is refused, and no row holds arguments.',
    source: 'design, "Audit"',
  },
  'slack/serving/deadline': {
    behavior:
      'A call ends at its deadline, and at once when its client cancels it or goes away; what it began is aborted, and streams that listen go on.',
    source: 'Slack checklist, "Request timeouts"; scenario 19 of the Slack facts',
  },
  'slack/serving/bounded': {
    behavior:
      'Bodies over the limit are 413 and malformed ones 400; a caller beyond its rate or its calls at once waits or is told when to come back.',
    source: 'Slack checklist, "Request size limits", "Rate limiting"',
  },
  'slack/serving/key': {
    behavior:
      'Without a valid key every method of every address is 401 with a challenge and one body, before MCP looks at it; health alone is open, and says nothing but its verdict.',
    source: 'Slack checklist, "API key authentication"; scenario 14 of the Slack facts',
  },
  'slack/serving/cors': {
    behavior:
      'Pages of the configured origins may call and read the session header; pages of any other, look-alikes and `null` among them, are 403 without a word of permission.',
    source: 'Slack checklist, "CORS configured"; scenario 13 of the Slack facts',
  },
  'slack/serving/headers': {
    behavior:
      'Every answer tells browsers to run, frame, sniff and refer to nothing of it, and to come back by https where it is served so.',
    source: 'Slack checklist, "Helmet security headers"; OWASP, "HTTP Security Response Headers"',
  },
  'slack/serving/sessions': {
    behavior:
      'A session is over once it was idle for its time to live, on the next use and in memory; it is of no use with another key, and goes on after a restart.',
    source: 'Slack checklist, "Session management"; scenario 12 of the Slack facts',
  },
  'slack/serving/stops': {
    behavior:
      'A stop lets running calls finish and then closes everything; a start that fails leaves no port, no lock and no timer behind.',
    source: 'Slack checklist, "Graceful shutdown"',
  },
  'slack/serving/callers': {
    behavior:
      'Who calls through a gateway is what the gateway signed, once and for this server; without it its token opens nothing, from anybody else it means nothing, and each caller has sessions and rates of its own.',
    source: 'design, "Upstreams", `identity: assert`',
  },
  'slack/serving/metrics': {
    behavior: 'Metrics and details of health are given to holders of a key alone.',
    source: 'Slack checklist, "Monitoring"',
  },
} as const satisfies Readonly<Record<string, Claim>>
