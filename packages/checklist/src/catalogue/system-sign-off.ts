import { box, type Item, section } from './item.ts'

/** What MCP System's checklist has signed for, and what it asks of a rollback. */
export const SYSTEM_SIGN_OFF: readonly Item[] = [
  ...section('system', 'Technical Lead', { role: 'technical', cadence: 'quarter' }, [
    box([220, 'requirements'], 'Technical requirements are met', [
      'config/valid',
      'calls/tool',
      'health/endpoints',
    ]),
    box([221, 'performance'], 'It is as fast as was agreed', [
      'performance/health',
      'performance/calls',
    ]),
    box([222, 'security'], 'Requirements of security are met', [
      'auth/anonymous-off',
      'door/host',
      'door/origin',
      'door/bad-key',
    ]),
    box([223, 'documentation'], 'Documentation is complete', [
      'product/options-documented',
      'product/api-documented',
      'attest/documentation-updated',
    ]),
  ]),
  ...section('system', 'Operations Lead', { role: 'operations', cadence: 'quarter' }, [
    box([228, 'monitoring'], 'Monitoring and alerting work', [
      'prometheus/targets-up',
      'prometheus/rules-loaded',
      'alertmanager/receivers',
    ]),
    box([229, 'recovery'], 'Backup and recovery were tried', [
      'backups/recent',
      'backups/restorable',
    ]),
    box([230, 'runbooks'], 'Runbooks were followed once', ['attest/runbooks-followed']),
    box([231, 'training'], 'The team knows how to run it', ['attest/training']),
  ]),
  ...section('system', 'Security Lead', { role: 'security', cadence: 'quarter' }, [
    box([236, 'scan'], 'A scan was made', ['supply/scan']),
    box([237, 'compliance'], 'What the law and contracts ask is met', ['attest/compliance']),
    box([238, 'incident'], 'There is a plan for incidents', ['attest/incident-response']),
    box([239, 'access'], 'Who may do what is right', [
      'keys/least-privilege',
      'keys/admins',
      'keys/per-principal',
    ]),
  ]),
  ...section('system', 'Product Owner', { role: 'product', cadence: 'quarter' }, [
    box([244, 'requirements'], 'It does what it was asked for', ['attest/business-requirements']),
    box([245, 'acceptance'], 'Users accept it', ['attest/user-acceptance']),
    box([246, 'performance'], 'It is as fast as was agreed', ['performance/calls']),
    box([247, 'go-live'], 'It may go live', ['attest/go-live']),
  ]),
  ...section('system', 'Rollback: Immediate Actions', { role: 'operations', cadence: 'quarter' }, [
    box([267, 'traffic'], 'New traffic can be stopped', ['product/drain']),
    box([268, 'document'], 'What happened is on record', ['audit/on', 'logs/present']),
    box([269, 'notify'], 'Those concerned are told', ['later/contacts']),
  ]),
  ...section('system', 'Rollback: Steps', { role: 'operations', cadence: 'quarter' }, [
    box([272, 'version'], 'The version before is still there', [
      'supply/previous-image',
      'product/older-version',
    ]),
    box([273, 'configuration'], 'The configuration before can be had back', [
      'product/rollback-procedure',
    ]),
    box([274, 'stability'], 'It is seen whether it runs well again', [
      'servers/healthy',
      'metrics/errors',
    ]),
    box([275, 'monitoring'], 'Monitoring knows what runs now', ['prometheus/scrapes-gateway']),
  ]),
  ...section('system', 'Rollback: Afterwards', { role: 'operations', cadence: 'quarter' }, [
    box([278, 'post-mortem'], 'The incident is looked back on', ['attest/post-mortem']),
    box([279, 'mended'], 'Its cause is found and mended', ['attest/post-mortem']),
    box([280, 'staging'], 'What mends it is tried elsewhere first', ['attest/staging']),
    box([281, 'again'], 'It is planned when to deploy again', ['attest/change-management']),
  ]),
]
