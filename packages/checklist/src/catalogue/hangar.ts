import { box, type Item, section } from './item.ts'

/** Recipe 13 of MCP Hangar's cookbook, box by box. */
export const HANGAR: readonly Item[] = [
  ...section('hangar', 'Security', { role: 'security' }, [
    box([10, 'tls'], 'TLS ends at a proxy or load balancer', [
      'tls/public',
      'tls/expiry',
      'tls/versions',
    ]),
    box(
      [11, 'authentication'],
      'Callers must authenticate, and nobody is anonymous',
      ['auth/anonymous-off', 'door/unauthenticated'],
      {
        note: 'authentication is on unless `auth.anonymous` is set, and that counts on loopback alone',
      },
    ),
    box([12, 'keys'], 'Every service principal has a key of its own', ['keys/per-principal']),
    box([13, 'least-privilege'], 'Roles give no more than is used', [
      'keys/least-privilege',
      'keys/admins',
    ]),
    box([14, 'policies'], 'Sensitive tools have access policies', ['later/policies']),
    box([15, 'references'], 'Secrets are references and not text in the configuration', [
      'config/secrets-are-references',
    ]),
    box(
      [16, 'containers'],
      'Servers in containers are read-only and without network where that is possible',
      ['later/containers'],
    ),
  ]),
  ...section('hangar', 'Reliability', { role: 'operations' }, [
    box([20, 'health-checks'], 'The health of every server is watched', ['servers/health-checks']),
    box([21, 'breakers'], 'Circuit breakers are tuned', ['servers/breakers']),
    box([22, 'groups'], 'Critical servers stand in groups of two or more', ['groups/critical']),
    box([23, 'min-healthy'], 'The least number of healthy members fits the objective', [
      'groups/min-healthy',
    ]),
    box([24, 'idle'], 'Idle servers stop after a time that fits their kind', ['servers/idle-time']),
    box([25, 'rates'], 'Rate limits prevent overload', ['limits/rates']),
    box([26, 'store'], 'What happened is kept in a durable store', [
      'store/durable',
      'audit/on',
      'store/integrity',
    ]),
  ]),
  ...section('hangar', 'Observability', { role: 'operations' }, [
    box([30, 'prometheus'], 'Prometheus scrapes the gateway', ['prometheus/scrapes-gateway']),
    box([31, 'grafana'], 'Dashboards are in Grafana', ['grafana/dashboards']),
    box(
      [32, 'alerts'],
      'Alerts fire on dead servers, open breakers, failing health checks and failing calls',
      ['alerts/servers'],
    ),
    box([37, 'json'], 'Logs are structured as JSON', ['env/json-logs', 'logs/json']),
    box([38, 'level'], 'The log level is that of production', ['env/log-level']),
  ]),
  ...section('hangar', 'Configuration', { role: 'technical' }, [
    box([42, 'valid'], 'The configuration is correct', ['config/valid', 'config/unknown-keys'], {
      note: 'the document says that no validate command exists; `sallyport validate` names every problem at once',
    }),
    box([43, 'reload'], 'A reload of the configuration was tried', ['drill/reload'], {
      note: 'the document says that SIGHUP is not handled; here SIGHUP, the API and a changed file reload',
      cadence: 'quarter',
    }),
    box([44, 'environments'], 'Each environment has a configuration of its own', [
      'config/environments',
    ]),
  ]),
  ...section('hangar', 'Deployment', { role: 'technical' }, [
    box([48, 'proxy'], 'A reverse proxy stands in front', ['proxy/in-front', 'proxy/config']),
    box([49, 'probes'], 'Health is there for an orchestrator: live, ready, startup', [
      'health/endpoints',
      'health/closed-detail',
    ]),
    box([50, 'shutdown'], 'A stop loses no call', ['drill/stop'], { cadence: 'quarter' }),
    box([51, 'limits'], 'Containers have limits of memory and processor', ['compose/limits']),
    box([52, 'volume'], 'The store stands on a persistent volume', [
      'store/place',
      'compose/volumes',
    ]),
    box([53, 'pinned'], 'Images are pinned to a version', ['compose/images-pinned']),
  ]),
  ...section('hangar', 'Kubernetes', { role: 'technical' }, [
    box([61, 'operator'], 'The operator is installed', ['later/operator']),
    box([62, 'crds'], 'Its custom resources are known to the cluster', ['later/operator']),
    box([63, 'rbac'], 'Its service account may do what it must and no more', [
      'later/operator-rights',
    ]),
    box([64, 'network'], 'Network policies keep servers apart', ['later/network-policies']),
    box([65, 'resources'], 'Pods request and limit resources', ['later/pod-resources']),
    box([66, 'disruption'], 'A disruption budget keeps the gateway up', [
      'later/disruption-budget',
    ]),
  ]),
  ...section('hangar', 'Testing', { role: 'technical', cadence: 'quarter' }, [
    box([70, 'failover'], 'A killed primary leaves its backup answering', ['drill/failover']),
    box([71, 'cold-start'], 'The first call to a cold server was measured', ['drill/cold-start']),
    box([72, 'flood'], 'A flood is answered 429', ['drill/flood']),
    box([73, 'refusals'], 'A bad key is answered 401, a weak role 403', [
      'drill/auth',
      'door/bad-key',
      'door/weak-role',
    ]),
    box([74, 'reload'], 'An edited configuration takes effect', ['drill/reload']),
    box([75, 'recovery'], 'Killed servers come back', ['drill/recover']),
  ]),
  ...section('hangar', 'Runbook', { role: 'operations', cadence: 'quarter' }, [
    box([79, 'incident'], 'It is written down what to do in an incident', [
      'attest/incident-response',
    ]),
    box([80, 'restart'], 'It is written down how to restart a server', [
      'product/restart-procedure',
    ]),
    box([81, 'rollback'], 'It is written down how to roll the configuration back', [
      'product/rollback-procedure',
    ]),
    box([82, 'owners'], 'Every server has an owner who can be asked', ['servers/owners']),
  ]),
]
