import type { Claim } from './claim.ts'

/** What the Slack server does as a whole: its command against a Slack that refuses what Slack refuses. */
export const SLACK_SCENARIOS = {
  'slack/scenario-1': {
    behavior:
      'An installation in a browser asks for the configured scopes and no others, ends on a page with the name and id of the workspace, and tools work at once; no token, code or secret is in a page, a header or the log.',
    source: 'Slack checklist, "OAuth flow completes successfully"',
  },
  'slack/scenario-2': {
    behavior:
      "A callback whose state is missing, altered, expired, another browser's or used is answered with 400 before Slack is asked for anything, and nothing is kept.",
    source: 'Slack checklist, "State validation working (CSRF protection)"',
  },
  'slack/scenario-3': {
    behavior:
      'A refused or broken consent ends on a page that says so, shows no markup of the request, and leaves an earlier installation of the workspace as it was.',
    source: 'Slack checklist, "XSS tested (if rendering user content)"',
  },
  'slack/scenario-4': {
    behavior:
      'No token, refresh token or client secret is in any file of the store, and a wrong master key does not start.',
    source:
      'Slack checklist, "Tokens stored in database", "Client ID and Client Secret saved securely"',
  },
  'slack/scenario-5': {
    behavior:
      'Fifty calls at once on a token that has ended lead to one refresh, and all of them succeed with the new token.',
    source: 'Slack checklist, "Token refresh tested (if rotation enabled)"',
  },
  'slack/scenario-6': {
    behavior:
      'A refresh token that Slack refuses makes the workspace one that needs to be installed again: calls say so, Slack is not asked again, and other workspaces go on.',
    source: 'Slack checklist, "Token refresh failures"',
  },
  'slack/scenario-7': {
    behavior:
      "A credential bound to one workspace meets another's id exactly as an unknown one, and every request goes out with the token of its own workspace and no other.",
    source: 'Slack checklist, "Multiple workspace installations tested"',
  },
  'slack/scenario-8': {
    behavior:
      'After a stop in the middle of calls, and after a kill, installations work without a new consent and sessions are served on.',
    source: 'Slack checklist, "Auto-restart on failure enabled"',
  },
  'slack/scenario-9': {
    behavior:
      'A token that Slack revoked makes a call fail once, without a second try, and its workspace is shown as one to install again; others are not touched.',
    source: 'Slack checklist, "Error handling tested (invalid tokens, missing permissions, etc.)"',
  },
  'slack/scenario-11': {
    behavior:
      'A post that Slack took and whose answer was lost is one message and an unknown outcome, and is not sent again; the same idempotency key gives the first result, in every process and after a restart.',
    source: 'Slack checklist, "Errors handled gracefully"; facts on Slack servers, scenario 11',
  },
  'slack/scenario-12': {
    behavior:
      'A session that was idle for its whole life is unknown at the next request, whether anything tidied up or not; one in use goes on, and none is good with another token.',
    source: 'Slack checklist, "Session expiration tested", "Session pruning running"',
  },
  'slack/scenario-13': {
    behavior:
      'Browsers of the listed origins may call and read the session header; others, look-alikes and `null` are refused, and callers without an origin are not concerned.',
    source: 'Slack checklist, "CORS tested (allowed and blocked origins)"',
  },
  'slack/scenario-14': {
    behavior:
      'Without a good token every method of the MCP endpoint is answered with 401, a challenge and the same bytes before the body is looked at; health is open and says nothing more than its status.',
    source: 'Slack checklist, "API key authentication tested (missing, invalid)"',
  },
  'slack/scenario-15': {
    behavior:
      'A history of 2,500 messages is read to its end in pages, over a restart and while messages arrive, each message once and in order; a cursor that was changed or is for another channel is refused.',
    source: 'Slack checklist, "Can read messages via `slack_get_channel_history`"',
  },
  'slack/scenario-16': {
    behavior:
      'A workspace of 3,000 channels is listed to its end in one walk that can be taken up where a limit of Slack broke it off, and a list that is not the whole says so.',
    source: 'Slack checklist, "Can list channels via `slack_list_channels`"',
  },
  'slack/scenario-17': {
    behavior:
      'Writes are off until they are allowed, then only where they are, on every path; what is posted calls nobody en masse and has no previews, and the audit log has a line without its text.',
    source:
      'Slack checklist, "Can post messages via `slack_post_message`"; facts on Slack servers, scenario 17',
  },
  'slack/scenario-20': {
    behavior:
      'What people wrote in Slack comes back marked as data, with its structure and without control characters.',
    source: 'facts on Slack servers: prompt injection through messages',
  },
  'slack/curl': {
    behavior:
      "The checklist's own command, an `initialize` of 2024-11-05 without `Accept`, is answered.",
    source: 'Slack checklist, "Test MCP"',
  },
  'slack/headers': {
    behavior:
      'Every answer forbids sniffing and framing, and a page may load nothing from anywhere.',
    source: 'Slack checklist, "Security headers configured (Helmet.js is included)"',
  },
  'slack/conformance': {
    behavior:
      'The official conformance suite passes at both revisions for everything that the server offers.',
    source: '@modelcontextprotocol/conformance',
  },
  'slack/production': {
    behavior:
      'Every box of the production checklist is answered, by a claim or by the page that says what to do.',
    source: 'Slack checklist, all 123 boxes',
  },
  'slack/start': {
    behavior:
      'The commands of the first steps lead from nothing to a list of channels as they stand.',
    source: 'docs/slack/start.md',
  },
} as const satisfies Readonly<Record<string, Claim>>
