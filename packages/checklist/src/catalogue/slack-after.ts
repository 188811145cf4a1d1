import { box, type Item, section } from './item.ts'

/** What the Slack server's checklist asks of a deployment that runs, and of those who run it. */
export const SLACK_AFTER: readonly Item[] = [
  ...section('slack', 'Monitoring', { role: 'operations' }, [
    box([71, 'health'], 'Health is watched', ['prometheus/scrapes-gateway', 'alerts/servers']),
    box([72, 'uptime'], 'Being reachable is watched', ['alerts/uptime']),
    box([73, 'errors'], 'Errors are collected', ['later/error-tracking']),
    box([74, 'logs'], 'Logs are collected', ['later/log-collection']),
    box([75, 'alerts'], 'Alerts are configured', [
      'prometheus/rules-loaded',
      'prometheus/alertmanager',
    ]),
    box([76, 'down'], 'One fires when the server is down', ['alerts/uptime']),
    box([77, 'error-rate'], 'One fires when calls fail', ['alerts/servers']),
    box([78, 'oauth'], 'One fires when installations fail', ['alerts/oauth']),
    box([79, 'refresh'], 'One fires when tokens are not refreshed', ['alerts/oauth']),
    box([80, 'database'], 'One fires when the database is gone', ['alerts/database']),
  ]),
  ...section('slack', 'Performance', { role: 'technical', cadence: 'week' }, [
    box([82, 'response'], 'Most requests are answered within half a second', [
      'performance/calls',
      'performance/health',
    ]),
    box([83, 'memory'], 'Memory is stable', ['performance/memory']),
    box([84, 'processor'], 'Processor use is reasonable', ['performance/cpu']),
    box([85, 'queries'], 'The database answers fast', ['performance/queries', 'postgres/queries']),
    box([86, 'pool'], 'The pool of connections fits', ['postgres/pool']),
  ]),
  ...section('slack', 'Documentation', { role: 'operations', cadence: 'quarter' }, [
    box([88, 'addresses'], 'Users can read where it is', ['attest/documentation-updated']),
    box([89, 'teams'], 'Ids of workspaces can be looked up', ['slack/teams']),
    box([90, 'keys'], 'It is written down how keys are given out', ['attest/key-distribution']),
    box([91, 'incident'], 'There is a plan for incidents', ['attest/incident-response']),
    box([92, 'runbook'], 'There is a runbook', ['later/runbooks']),
  ]),
  ...section('slack', 'Backup and Recovery', { role: 'operations', cadence: 'quarter' }, [
    box([94, 'backups'], 'The store is backed up', ['backups/configured', 'backups/recent']),
    box([95, 'restored'], 'A backup was restored', ['backups/restorable', 'later/restore-drill']),
    box([96, 'plan'], 'There is a plan for disasters', ['attest/disaster-plan']),
    box([97, 'secrets'], 'Secrets are backed up apart', ['later/key-escrow']),
  ]),
  ...section('slack', 'Compliance and Legal', { role: 'product', cadence: 'quarter' }, [
    box([99, 'privacy'], 'The privacy policy says what is kept', ['attest/privacy-policy']),
    box([100, 'terms'], 'The terms of service are current', ['attest/terms']),
    box([101, 'gdpr'], 'Data protection was reviewed', ['attest/data-protection']),
    box([102, 'retention'], 'It is settled how long data is kept', [
      'audit/kept',
      'attest/retention-policy',
    ]),
    box([103, 'deletion'], "A person's data can be deleted", ['product/erasure']),
  ]),
  ...section('slack', 'Functional Testing', { role: 'technical', cadence: 'quarter' }, [
    box([106, 'oauth'], 'An installation was tried from end to end', [
      'slack/teams',
      'slack/state',
    ]),
    box([107, 'tools'], 'Tools were tried in a real workspace', ['slack/call', 'slack/post']),
    box([108, 'errors'], 'Errors were tried', ['slack/errors']),
    box([109, 'refresh'], 'Refreshing a token was tried', ['slack/refresh']),
    box([110, 'workspaces'], 'Several workspaces were tried', ['slack/isolation']),
    box([111, 'expiry'], 'The end of a session was tried', ['slack/sessions']),
  ]),
  ...section('slack', 'Security Testing', { role: 'security', cadence: 'quarter' }, [
    box([113, 'state'], 'A forged state was tried', ['slack/state']),
    box([114, 'authentication'], 'Missing and wrong tokens were tried', [
      'slack/key',
      'door/unauthenticated',
      'door/bad-key',
      'drill/auth',
    ]),
    box([115, 'cors'], 'Allowed and foreign origins were tried', [
      'slack/cors',
      'door/cors',
      'door/origin',
    ]),
    box([116, 'rates'], 'The rate limit was tried', ['drill/flood']),
    box([117, 'sql'], 'SQL in arguments was tried', ['product/no-injection']),
    box([118, 'xss'], 'Markup in texts was tried', ['product/no-markup']),
  ]),
  ...section('slack', 'Load Testing', { role: 'technical', cadence: 'quarter' }, [
    box([120, 'concurrent'], 'Many requests at once were tried', [
      'drill/stop',
      'product/fair-queues',
    ]),
    box([121, 'sessions'], 'Many sessions were tried', ['product/sessions-bounded']),
    box([122, 'pool'], 'The pool was tried under load', ['postgres/pool', 'product/store-faults']),
    box([123, 'leaks'], 'Memory does not leak', ['product/no-leaks', 'performance/memory']),
    box([124, 'cleanup'], 'Sessions are tidied up', ['product/sessions-bounded']),
  ]),
  ...section('slack', 'Regular Tasks', { role: 'operations', phase: 'day' }, [
    box([127, 'logs'], 'Logs are read every day', ['logs/clean-start', 'logs/no-auth-errors'], {
      cadence: 'day',
    }),
    box([128, 'errors'], 'Error rates are reviewed every week', ['metrics/errors'], {
      phase: 'week',
      cadence: 'week',
    }),
    box([129, 'certificates'], 'Ends of certificates are looked at every month', ['tls/expiry'], {
      phase: 'month',
      cadence: 'month',
    }),
    box(
      [130, 'dependencies'],
      'Dependencies are updated every month',
      ['supply/dependencies', 'supply/lockfile'],
      {
        phase: 'month',
        cadence: 'month',
      },
    ),
    box([131, 'keys'], 'Keys are reviewed and rotated every quarter', ['keys/age', 'keys/used'], {
      phase: 'quarter',
      cadence: 'quarter',
    }),
    box(
      [132, 'restore'],
      'A restore is tried every quarter',
      ['backups/restorable', 'later/restore-drill'],
      { phase: 'quarter', cadence: 'quarter' },
    ),
    box([133, 'access'], 'Access is reviewed for what is suspicious', ['attest/access-review'], {
      phase: 'week',
      cadence: 'month',
      role: 'security',
    }),
  ]),
  ...section('slack', 'Updates', { role: 'operations', cadence: 'quarter' }, [
    box([135, 'dependencies'], 'It is settled how dependencies are updated', [
      'attest/update-process',
    ]),
    box([136, 'patches'], 'It is settled how patches are brought in', ['attest/patch-process']),
    box([137, 'rollback'], 'It is written down how to go back', [
      'product/rollback-procedure',
      'product/older-version',
    ]),
    box([138, 'no-downtime'], 'An update loses no call', ['product/no-downtime']),
  ]),
  ...section('slack', 'Rollback Plan', { role: 'operations', cadence: 'quarter' }, [
    box([141, 'version'], 'The version before is still there', ['supply/previous-image']),
    box(
      [142, 'migrations'],
      'The version before runs on the new schema',
      ['product/older-version'],
      {
        note: 'migrations only add, so there is nothing to roll back',
      },
    ),
    box([143, 'procedure'], 'It is written down how to go back', ['product/rollback-procedure']),
    box([144, 'rehearsed'], 'Going back was tried', ['later/rollback-drill']),
  ]),
  ...section('slack', 'Sign-Off', { role: 'product', cadence: 'quarter' }, [
    box([146, 'developers'], 'Developers reviewed it', ['attest/developers-reviewed'], {
      role: 'technical',
    }),
    box([147, 'security'], 'Security reviewed it', ['attest/security-audit'], { role: 'security' }),
    box([148, 'operations'], 'Operators know how to run it', ['attest/training'], {
      role: 'operations',
    }),
    box(
      [149, 'documentation'],
      'Documentation is complete',
      ['product/options-documented', 'attest/documentation-updated'],
      { role: 'technical' },
    ),
    box(
      [150, 'monitoring'],
      'Monitoring is there',
      ['prometheus/targets-up', 'alertmanager/receivers'],
      { role: 'operations' },
    ),
    box([151, 'ready'], 'It may take traffic', ['attest/go-live']),
  ]),
]
