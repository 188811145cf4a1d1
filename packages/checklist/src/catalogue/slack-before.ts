import { box, type Item, section } from './item.ts'

/** What the Slack server's checklist asks before and while it is deployed. */
export const SLACK_BEFORE: readonly Item[] = [
  ...section('slack', 'Slack App Configuration', { role: 'technical' }, [
    box([5, 'app'], 'There is an app at Slack', ['slack/configured']),
    box([6, 'scopes'], 'The app has the scopes that its tools need', ['slack/scopes']),
    box([7, 'rotation'], 'Its tokens are rotated', ['slack/rotation']),
    box([8, 'redirect'], 'Slack sends people back to an address it knows', ['slack/redirect']),
    box([9, 'redirect-https'], 'That address is https', ['slack/redirect', 'slack/https']),
    box([10, 'credentials'], 'The credentials of the app are kept as secrets', [
      'config/secrets-are-references',
      'files/secret-modes',
    ]),
  ]),
  ...section('slack', 'Environment Configuration', { role: 'technical' }, [
    box([12, 'complete'], 'Every variable that is needed is set', [
      'env/complete',
      'slack/configured',
    ]),
    box([13, 'client-id'], 'The client id is set', ['slack/configured']),
    box([14, 'client-secret'], 'The client secret is set', [
      'slack/configured',
      'env/no-placeholders',
    ]),
    box([15, 'redirect'], 'The redirect address is set', ['slack/redirect']),
    box([16, 'scopes'], 'The scopes are set', ['slack/scopes']),
    box([17, 'token'], 'Callers need a token', ['slack/key']),
    box([18, 'strong-token'], 'Tokens are random and long', ['secrets/strong', 'slack/key']),
    box([19, 'origins'], 'Browsers are let in by name', ['slack/cors', 'door/cors']),
    box([20, 'public-url'], 'The public address is set, and https', ['slack/https']),
    box([21, 'level'], 'The log level is that of production', ['env/log-level', 'slack/debug']),
    box([22, 'git'], 'No environment file was committed', [
      'git/env-untracked',
      'git/history-clean',
    ]),
  ]),
  ...section('slack', 'Storage', { role: 'technical' }, [
    box([24, 'persistent'], 'Installations are kept in a store that lasts', [
      'slack/storage',
      'store/place',
    ]),
    box([25, 'no-memory'], 'None are kept in memory alone', ['slack/storage'], {
      note: 'there is no store in memory to replace',
    }),
    box([26, 'connection'], 'The store answers', ['store/durable', 'postgres/reachable']),
    box([27, 'migrated'], 'No migration is pending', ['store/migrated']),
    box([28, 'backups'], 'The store is backed up', ['backups/configured', 'backups/recent']),
    box([29, 'pool'], 'The pool of connections fits', ['postgres/pool']),
  ]),
  ...section('slack', 'Security', { role: 'security' }, [
    box([31, 'https'], 'Everything is reached over https', ['tls/public', 'slack/https']),
    box([32, 'certificates'], 'Certificates are valid', ['tls/public', 'tls/expiry'], {
      cadence: 'month',
    }),
    box([33, 'proxy'], 'A reverse proxy stands in front', ['proxy/in-front', 'proxy/config']),
    box([34, 'headers'], 'Answers carry the headers that protect browsers', ['door/headers']),
    box([35, 'cors'], 'Browsers are let in by name', ['slack/cors', 'door/cors']),
    box([36, 'authentication'], 'Callers without a token are refused', [
      'slack/key',
      'door/bad-key',
    ]),
    box([37, 'rates'], 'Rates are limited', ['limits/rates']),
    box([38, 'timeouts'], 'Requests have deadlines', ['slack/timeouts', 'limits/deadlines']),
    box([39, 'logs'], 'Logs hold no secrets', ['logs/no-secrets']),
    box([40, 'errors'], 'Errors tell nothing of the inside', ['door/errors', 'slack/errors']),
  ]),
  ...section('slack', 'Server Setup', { role: 'operations' }, [
    box([43, 'deployed'], 'The server runs', ['servers/healthy', 'slack/running']),
    box([44, 'health'], 'Its health answers', ['health/endpoints']),
    box([45, 'reachable'], 'It is reached at its address', ['ports/answer', 'proxy/in-front']),
    box([46, 'logs'], 'Its logs are written and can be read', ['logs/present']),
    box([47, 'manager'], 'Something starts it', ['compose/restart', 'systemd/unit']),
    box([48, 'restart'], 'It is started again when it fails', [
      'compose/restart',
      'systemd/unit',
      'host/boot',
    ]),
  ]),
  ...section('slack', 'OAuth Flow', { role: 'technical' }, [
    box([50, 'install'], 'The install page answers', ['slack/install-page']),
    box([51, 'flow'], 'An installation works from end to end', ['slack/teams']),
    box([52, 'callback'], 'The callback takes the code', ['slack/teams', 'slack/state']),
    box([53, 'tokens'], 'Tokens are kept, sealed', ['slack/encrypted']),
    box([54, 'success'], 'Whoever installed it is told so', ['slack/install-page']),
    box([55, 'state'], 'A forged state is refused', ['slack/state']),
  ]),
  ...section('slack', 'MCP Endpoint', { role: 'technical' }, [
    box([57, 'reachable'], 'The MCP endpoint answers', ['calls/tool', 'door/unauthenticated']),
    box([58, 'cors'], 'Answers to browsers carry their headers', ['slack/cors', 'door/cors']),
    box([59, 'authentication'], 'Tokens are asked for and judged', ['slack/key', 'door/bad-key']),
    box([60, 'sessions'], 'Sessions can be opened', ['slack/sessions']),
    box([61, 'expiry'], 'Sessions end', ['slack/sessions', 'sessions/life']),
    box([62, 'pruning'], 'Sessions that are over are forgotten', ['slack/sessions'], {
      note: 'expiry is judged at use, so nothing depends on tidying up',
    }),
  ]),
  ...section('slack', 'Slack Integration', { role: 'technical' }, [
    box([64, 'channels'], 'Channels can be listed', ['slack/call']),
    box([65, 'messages'], 'Messages can be read', ['slack/call']),
    box([66, 'posting'], 'Messages can be posted', ['slack/post']),
    box([67, 'refresh'], 'Tokens are refreshed', ['slack/refresh']),
    box([68, 'errors'], 'Errors are told so that a caller can act', ['slack/errors']),
  ]),
]
