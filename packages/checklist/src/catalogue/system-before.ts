import { box, type Item, section } from './item.ts'

/** What MCP System's checklist asks before and while it is deployed. */
export const SYSTEM_BEFORE: readonly Item[] = [
  ...section('system', 'Infrastructure', { role: 'technical' }, [
    box([6, 'docker'], 'Docker is recent enough and runs', ['host/docker']),
    box([7, 'compose'], 'Docker Compose is recent enough', ['host/compose']),
    box([8, 'memory'], 'There is enough memory', ['host/memory']),
    box([9, 'disk'], 'There is enough free disk', ['host/disk'], { cadence: 'week' }),
    box([10, 'registry'], 'The registries of the images can be reached', ['host/registry']),
    box([11, 'firewall'], 'The firewall lets in what is meant to be reached and nothing else', [
      'host/firewall',
    ]),
  ]),
  ...section('system', 'Configuration', { role: 'technical' }, [
    box([14, 'environment'], 'Every value that is needed is set', ['env/complete', 'env/unknown']),
    box([15, 'placeholders'], 'No placeholder is left', ['env/no-placeholders']),
    box([16, 'secrets'], 'Sensitive values are secrets in files', ['secrets/files']),
    box([17, 'database-password'], 'The password of the database is in a file and strong', [
      'secrets/files',
      'secrets/strong',
      'postgres/password',
      'postgres/password',
    ]),
    box([18, 'grafana-password'], 'The password of Grafana is in a file and strong', [
      'secrets/files',
      'secrets/strong',
      'grafana/password',
      'grafana/password',
    ]),
    box(
      [19, 'signing-key'],
      'The key that signs tokens is strong',
      ['secrets/strong', 'store/master-key'],
      {
        note: 'keys that sign are derived from the master key; there is no JWT secret to set',
      },
    ),
    box([20, 'secret-modes'], 'Only their owner can read files of secrets', ['files/secret-modes']),
    box([21, 'ignored'], 'Files of secrets are ignored by version control', [
      'git/secrets-ignored',
    ]),
    box([22, 'certificates'], 'There are certificates', ['tls/public']),
    box([23, 'database-passwords'], 'Passwords of databases are strong and unlike others', [
      'secrets/strong',
      'secrets/unique',
    ]),
    box([24, 'signing-keys'], 'Keys that sign are random', ['secrets/strong', 'store/master-key']),
    box([25, 'grafana'], 'The administrator of Grafana has a password of their own', [
      'grafana/password',
    ]),
    box([26, 'backup-storage'], 'There is a place for backups', ['backups/configured']),
    box([27, 'ports'], 'Ports fit this environment', ['ports/declared']),
  ]),
  ...section('system', 'Security', { role: 'security' }, [
    box([30, 'certificates'], 'Certificates are valid', ['tls/public', 'tls/expiry'], {
      cadence: 'month',
    }),
    box([31, 'defaults'], 'No default password is left', [
      'secrets/no-defaults',
      'postgres/password',
      'grafana/password',
      'redis/password',
    ]),
    box([32, 'rates'], 'Rates are limited', ['limits/rates']),
    box([33, 'authentication'], 'Callers must authenticate', [
      'auth/anonymous-off',
      'door/unauthenticated',
    ]),
    box([34, 'security-groups'], 'Network rules of the cloud are set', ['attest/cloud-firewall']),
    box([35, 'logs'], 'Logs are collected', ['later/log-collection']),
  ]),
  ...section('system', 'Core Services', { role: 'operations' }, [
    box([40, 'start'], 'Every container starts', ['compose/running', 'compose/mounts']),
    box([41, 'healthy'], 'Every health check passes', ['compose/healthy', 'servers/healthy']),
    box([42, 'restarts'], 'Nothing restarts over and over', [
      'compose/no-restarts',
      'logs/no-restart-loops',
    ]),
    box([43, 'ports'], 'Services answer where they are expected', ['ports/answer']),
  ]),
  ...section('system', 'Database', { role: 'operations' }, [
    box([46, 'healthy'], 'PostgreSQL answers', ['postgres/reachable']),
    box([47, 'migrated'], 'No migration is pending', ['store/migrated']),
    box([48, 'pool'], 'The pool of connections fits', ['postgres/pool']),
    box([49, 'backup'], 'What backs up reaches the database', ['backups/recent']),
    box([50, 'logs'], 'No log names a failed authentication', ['logs/no-auth-errors']),
  ]),
  ...section('system', 'Cache and Session Storage', { role: 'operations' }, [
    box([53, 'healthy'], 'Redis answers', ['redis/reachable']),
    box([54, 'works'], 'The cache works', ['redis/works']),
    box([55, 'sessions'], 'Sessions outlive a restart', [
      'product/sessions-survive',
      'redis/persistence',
    ]),
    box([56, 'memory'], 'Redis keeps within its memory', ['redis/memory']),
  ]),
  ...section('system', 'Web Server and Proxy', { role: 'operations' }, [
    box([59, 'starts'], 'The proxy starts with its configuration', ['proxy/config']),
    box([60, 'certificates'], 'It serves the certificate it is meant to', [
      'tls/public',
      'proxy/config',
    ]),
    box([61, 'redirect'], 'HTTP is sent on to HTTPS', ['tls/redirect']),
    box([62, 'backend'], 'Requests reach the gateway through it', ['proxy/in-front']),
    box([63, 'files'], 'Static files are served', ['later/console']),
  ]),
  ...section('system', 'Monitoring Stack', { role: 'operations' }, [
    box([66, 'targets'], 'Prometheus scrapes every target', [
      'prometheus/reachable',
      'prometheus/targets-up',
    ]),
    box([67, 'grafana'], 'Grafana answers', ['grafana/reachable']),
    box([68, 'dashboards'], 'Dashboards show figures', ['grafana/dashboards']),
    box([69, 'rules'], 'Alerting rules are loaded', ['prometheus/rules-loaded']),
    box([70, 'retention'], 'Figures are kept long enough', ['prometheus/retention']),
  ]),
  ...section('system', 'API Endpoints', { role: 'technical' }, [
    box([75, 'health'], 'Health answers', ['health/endpoints']),
    box([76, 'login'], 'People can log in', ['api/login']),
    box([77, 'list'], 'Servers can be listed', ['api/servers', 'api/documented']),
    box([78, 'create'], 'Servers can be added', ['product/servers-added']),
    box([79, 'metrics'], 'Metrics can be read', ['metrics/served']),
  ]),
  ...section('system', 'MCP Integration', { role: 'technical' }, [
    box([82, 'clients'], 'A client is connected', ['calls/served']),
    box([83, 'discovery'], 'Servers are discovered', ['later/discovery']),
    box([84, 'registration'], 'A server can be registered', ['product/servers-added']),
    box([85, 'tool'], 'A tool can be called', ['calls/tool']),
    box([86, 'resource'], 'A resource can be read', ['calls/resource']),
  ]),
  ...section('system', 'Performance', { role: 'technical', cadence: 'week' }, [
    box([89, 'health'], 'Health checks answer within half a second', ['performance/health']),
    box([90, 'queries'], 'The database answers fast', ['performance/queries', 'postgres/queries']),
    box([91, 'cache'], 'Caches are hit', ['performance/cache']),
    box([92, 'memory'], 'Memory is stable', ['performance/memory']),
    box([93, 'processor'], 'Processor use is reasonable', ['performance/cpu']),
  ]),
  ...section('system', 'Network Security', { role: 'security' }, [
    box([98, 'ports'], 'Nothing is published that need not be', [
      'compose/ports',
      'host/listening',
      'redis/not-published',
    ]),
    box([99, 'internal'], 'Services talk to each other inside', ['compose/internal']),
    box([100, 'encrypted'], 'Traffic from outside is encrypted', ['tls/public', 'tls/versions']),
    box([101, 'no-plain'], 'Nothing is served in the clear', ['tls/no-plain', 'tls/redirect']),
    box([102, 'rates'], 'The rate limit works', ['drill/flood'], { cadence: 'quarter' }),
  ]),
  ...section('system', 'Container Security', { role: 'security' }, [
    box([105, 'non-root'], 'Containers run as ordinary users', ['compose/non-root']),
    box([106, 'unprivileged'], 'No container is privileged', ['compose/unprivileged']),
    box([107, 'limits'], 'Containers have limits', ['compose/limits']),
    box([108, 'contexts'], 'Containers give up what they do not need', [
      'compose/security',
      'compose/read-only',
    ]),
    box([109, 'scan'], 'A scan found nothing grave', ['supply/scan'], { cadence: 'month' }),
  ]),
  ...section('system', 'Data Security', { role: 'security' }, [
    box([112, 'database'], 'Connections to the database are encrypted', ['postgres/tls']),
    box([113, 'secrets'], 'Secrets are files and not variables', ['compose/secrets-not-env']),
    box([114, 'secret-modes'], 'Only their owner can read files of secrets', [
      'files/secret-modes',
    ]),
    box([115, 'git'], 'No secret was ever committed', ['git/secrets-ignored', 'git/history-clean']),
    box([116, 'leaks'], 'Neither images nor logs hold secrets', [
      'images/no-secrets',
      'logs/no-secrets',
    ]),
    box([117, 'signing-keys'], 'Keys that sign have 32 bytes or more', [
      'secrets/strong',
      'store/master-key',
    ]),
    box([118, 'passwords'], 'Passwords of databases are strong and unlike others', [
      'secrets/strong',
      'secrets/unique',
    ]),
    box([119, 'modes'], 'Files can be changed by their owner alone', ['files/modes', 'store/mode']),
    box([120, 'backups'], 'Backups are encrypted', ['backups/encrypted']),
    box([121, 'access'], 'Who called what is recorded', ['audit/on']),
  ]),
]
