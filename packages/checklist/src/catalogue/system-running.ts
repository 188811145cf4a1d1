import { box, type Item, section } from './item.ts'

/** What MCP System's checklist asks of a deployment that runs. */
export const SYSTEM_RUNNING: readonly Item[] = [
  ...section('system', 'Metrics Collection', { role: 'operations' }, [
    box([126, 'application'], 'The application tells its figures', [
      'metrics/served',
      'metrics/protected',
    ]),
    box([127, 'infrastructure'], 'So do the machine and its databases', ['prometheus/exporters']),
    box([128, 'errors'], 'Errors are counted', ['metrics/errors']),
    box([129, 'baseline'], 'There is a baseline of performance', ['performance/baseline']),
    box([130, 'business'], 'What it is used for is counted', ['metrics/business']),
  ]),
  ...section('system', 'Alert Configuration', { role: 'operations' }, [
    box([133, 'critical'], 'Critical alerts are there', ['alerts/critical']),
    box([134, 'warnings'], 'Warnings have thresholds', ['alerts/warning']),
    box(
      [135, 'channels'],
      'An alert reaches somebody',
      ['alertmanager/receivers', 'later/alert-drill'],
      { cadence: 'quarter' },
    ),
    box([136, 'escalation'], 'It is settled who is asked next', ['attest/escalation']),
    box([137, 'fatigue'], 'Alerts are few enough to be read', ['later/alert-budget']),
  ]),
  ...section('system', 'Logging', { role: 'operations' }, [
    box([140, 'centralised'], 'Logs are in one place', ['later/log-collection']),
    box([141, 'errors'], 'Errors in logs are seen', ['logs/clean-start', 'metrics/errors'], {
      cadence: 'day',
    }),
    box([142, 'audit'], 'The audit log is kept', ['audit/kept', 'audit/verified']),
    box([143, 'rotation'], 'Logs are rotated', ['compose/log-rotation']),
    box([144, 'tools'], 'Logs can be searched', ['later/log-search']),
  ]),
  ...section('system', 'Backup System', { role: 'operations' }, [
    box([149, 'scheduled'], 'Backups run by themselves', ['backups/schedule', 'backups/recent'], {
      cadence: 'day',
    }),
    box([150, 'verified'], 'Backups can be opened', ['backups/restorable'], { cadence: 'week' }),
    box([151, 'retention'], 'Backups are kept as long as is meant', ['backups/retention']),
    box([152, 'offsite'], 'A copy is somewhere else', ['backups/offsite']),
    box([153, 'watched'], 'A backup that fails is noticed', ['later/backup-alert']),
  ]),
  ...section('system', 'Recovery Testing', { role: 'operations', cadence: 'quarter' }, [
    box([156, 'database'], 'A database was restored', [
      'backups/restorable',
      'later/restore-drill',
    ]),
    box([157, 'configuration'], 'A configuration was restored', ['later/restore-configuration']),
    box([158, 'everything'], 'A whole system was recovered', ['later/restore-everything']),
    box([159, 'time'], 'It is known how long recovery takes', [
      'drill/recover',
      'objectives/declared',
    ]),
    box([160, 'procedures'], 'It is written down how to recover', ['later/recovery-procedures']),
  ]),
  ...section('system', 'Redundancy', { role: 'technical' }, [
    box([165, 'instances'], 'Critical servers run more than once', [
      'groups/critical',
      'groups/healthy',
    ]),
    box([166, 'balancing'], 'Calls go round among them', ['groups/healthy', 'drill/failover']),
    box([167, 'database'], 'Another database can take over', ['attest/database-failover']),
    box([168, 'discovery'], 'Servers are found where they are', ['later/discovery']),
    box([169, 'health'], 'Health checks can be relied on', [
      'compose/healthchecks',
      'servers/health-checks',
    ]),
  ]),
  ...section('system', 'Disaster Recovery', { role: 'operations', cadence: 'quarter' }, [
    box([172, 'plan'], 'There is a plan for disasters', ['attest/disaster-plan']),
    box([173, 'drills'], 'Drills are in the calendar and not overdue', ['drill/calendar']),
    box([174, 'time'], 'It is settled how long recovery may take', ['objectives/declared']),
    box([175, 'point'], 'It is settled how much may be lost', [
      'objectives/declared',
      'backups/recent',
    ]),
    box([176, 'communication'], 'It is settled who is told', ['attest/communication']),
  ]),
  ...section('system', 'Technical Documentation', { role: 'technical', cadence: 'quarter' }, [
    box([181, 'deployment'], 'It is written down how to deploy', ['later/deployment-procedures']),
    box([182, 'options'], 'Every option is documented', ['product/options-documented']),
    box([183, 'troubleshooting'], 'It is written down what each error means', [
      'later/troubleshooting',
    ]),
    box([184, 'api'], 'The API is documented as it is', [
      'product/api-documented',
      'api/documented',
    ]),
    box([185, 'architecture'], 'Diagrams show how it is built', ['later/diagrams']),
  ]),
  ...section('system', 'Operational Documentation', { role: 'operations', cadence: 'quarter' }, [
    box([188, 'runbooks'], 'There are runbooks', ['later/runbooks']),
    box([189, 'escalation'], 'It is settled who is asked next', ['attest/escalation']),
    box([190, 'contacts'], 'Contacts are current', ['later/contacts']),
    box([191, 'on-call'], 'Somebody is on call', ['attest/on-call']),
    box([192, 'changes'], 'It is settled how changes are made', ['attest/change-management']),
  ]),
  ...section('system', 'First Day', { role: 'operations', phase: 'day', cadence: 'day' }, [
    box([197, 'watch'], 'Everything is watched', ['prometheus/targets-up', 'servers/healthy']),
    box([198, 'backup'], 'A backup was made', ['backups/recent']),
    box([199, 'errors'], 'Errors were looked at', ['metrics/errors', 'logs/no-auth-errors']),
    box([200, 'access'], 'Those who should get in do', ['calls/served', 'keys/used']),
    box([201, 'alerts'], 'Alerts arrive', [
      'prometheus/alertmanager',
      'alertmanager/reachable',
      'alertmanager/receivers',
    ]),
  ]),
  ...section('system', 'First Week', { role: 'operations', phase: 'week', cadence: 'quarter' }, [
    box([204, 'baseline'], 'There is a baseline of performance', ['performance/baseline']),
    box([205, 'feedback'], 'Users were asked', ['attest/feedback'], { role: 'product' }),
    box([206, 'issues'], 'Small faults were mended', ['attest/minor-issues']),
    box([207, 'documentation'], 'What was learnt is written down', [
      'attest/documentation-updated',
    ]),
    box([208, 'training'], 'The team knows how to run it', ['attest/training']),
  ]),
  ...section('system', 'First Month', { role: 'technical', phase: 'month', cadence: 'quarter' }, [
    box([211, 'capacity'], 'Capacity was reviewed', ['later/capacity-report']),
    box([212, 'audit'], 'Security was audited', ['attest/security-audit'], { role: 'security' }),
    box([213, 'performance'], 'Performance is no worse than it was', [
      'performance/baseline',
      'performance/calls',
    ]),
    box([214, 'cost'], 'Costs were looked at', ['attest/costs'], { role: 'product' }),
    box([215, 'lessons'], 'Lessons are written down', ['attest/lessons']),
  ]),
]
