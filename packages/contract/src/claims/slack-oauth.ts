import type { Claim } from './claim.ts'

/** Installing Slack apps, what Slack tells by itself, and approvals by button. */
export const SLACK_OAUTH = {
  'slack/oauth/install': {
    behavior:
      'The install page sends the browser to Slack with exactly the configured scopes and redirect address and a state of 256 random bits.',
    source: 'Slack scenario 1; Slack checklist, "`/slack/install` endpoint accessible"',
  },
  'slack/oauth/installed': {
    behavior:
      'After consent the tokens are kept, and a page names the workspace and its team id for whoever hands out access.',
    source:
      'Slack scenario 1; Slack checklist, "OAuth flow completes successfully", "Callback receives authorization code", "Success message displayed to user", "Team IDs documented for users"',
  },
  'slack/oauth/state': {
    behavior:
      'A callback whose state is missing, altered, expired, used, given twice or of another browser is 400: no code is exchanged and nothing is kept.',
    source:
      'Slack scenario 2; Slack checklist, "State validation working (CSRF protection)", "CSRF protection tested (invalid state)"',
  },
  'slack/oauth/state-survives': {
    behavior:
      'An installation that was begun before a restart, or at another process, is finished: once, however many callbacks come at the same time.',
    source: 'Slack scenario 8; issue 6, "Install"',
  },
  'slack/oauth/denied': {
    behavior:
      'When consent is denied, or Slack refuses the code or cannot be reached, a page with a 4xx or 5xx says what to do and an existing installation stays as it is.',
    source: 'Slack scenario 3; Slack checklist, "OAuth failures"',
  },
  'slack/oauth/escaped': {
    behavior:
      'Pages show nothing of the address they were asked at, and names from Slack as plain text, under a policy that allows no script.',
    source: 'Slack scenarios 2, 3; Slack checklist, "XSS tested (if rendering user content)"',
  },
  'slack/oauth/no-leak': {
    behavior:
      'No token, code, state or client secret stands in a page, a log line at any level or the store, and codes and states in no answer but the way to Slack.',
    source:
      'Slack scenarios 1, 18; Slack checklist, "No sensitive data in logs", "Error messages don\'t leak internal details"',
  },
  'slack/oauth/cookie': {
    behavior:
      'The cookie that ties an installation to a browser cannot be read by scripts, comes back from Slack, ends with the state, and over https is bound to that host and never sent in the clear.',
    source: 'issue 6, "Install"; RFC 6265bis, "The __Host- Prefix"',
  },
  'slack/oauth/same-host': {
    behavior:
      'A browser that comes to the install page as `localhost` goes on as `127.0.0.1` where Slack sends it back there, and the other way round.',
    source: 'issue 6, "ten steps"',
  },
  'slack/oauth/apps': {
    behavior:
      'Each app is installed with its own credentials by its name, and what it brings belongs to the tenant of the app.',
    source: 'issue 6, "bring your own internal app"',
  },
  'slack/oauth/organisation': {
    behavior: 'An installation for a whole Enterprise organisation is refused and not kept.',
    source: 'Seed items, 05',
  },
  'slack/oauth/rate': {
    behavior: 'An address that asks for pages too often gets 429 with a time to wait.',
    source: 'Slack checklist, "Rate limiting configured (at proxy or application level)"',
  },
  'slack/oauth/metrics': {
    behavior: 'Attempts to install are counted by how they ended.',
    source: 'Slack checklist, "Alerts configured for: OAuth failures"',
  },
  'slack/events/signature': {
    behavior:
      'A request in the name of Slack passes only when the app that its address names signed its very bytes within 5 minutes of now, either way; nothing is parsed before.',
    source: 'Slack developer docs, "Verifying requests from Slack"',
  },
  'slack/events/replay': {
    behavior:
      'A signed request that comes again is refused, at every process; one that could not be dealt with may come again.',
    source: 'Slack developer docs, "Verifying requests from Slack"',
  },
  'slack/events/uninstalled': {
    behavior:
      'An app that is uninstalled at Slack, or whose tokens are revoked there, is known as such before the next call; an older event than the installation changes nothing.',
    source: 'Slack scenario 9; issue 6, "uninstall and revocation"',
  },
  'slack/events/repeat': {
    behavior: 'An event that Slack delivers again is answered and has no second effect.',
    source: 'Slack developer docs, "Events API", "Retries"',
  },
  'slack/approvals/press': {
    behavior:
      'A press of a button on a waiting call is the decision of the principal that the person is mapped to; the message then says who decided and has no buttons.',
    source: 'issue 6, "An approval adapter"',
  },
  'slack/approvals/refused': {
    behavior:
      'A press that comes too late, a second time, from a person who is no approver, from another workspace, or with a foreign or altered button decides nothing and is answered to that person alone.',
    source: 'issue 6, "An approval adapter"',
  },
  'slack/approvals/plain': {
    behavior:
      'What came with a waiting call stands in its message as plain text: no mention, link or emoji is made of it, and what was cut is said.',
    source: 'issue 6, "Guardrails"',
  },
} as const satisfies Readonly<Record<`slack/${string}`, Claim>>
