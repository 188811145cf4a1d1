import { expect, test } from 'vitest'
import { dockerAnswers, GOOD_COMPOSE } from '../../../test/fixtures/compose-deployment.ts'
import {
  changed,
  citedIds,
  type FamilyGiven,
  familyFindings,
  faultsOf,
  idsNot,
} from '../../../test/fixtures/container-family.ts'
import { deploymentOf, look } from '../../../test/fixtures/deployment.ts'
import { CONTAINERS } from '../../answers/containers.ts'

const COMPOSE = Object.entries(CONTAINERS).filter(([id]) => id.startsWith('compose/'))

test('a good compose deployment is proved by every probe of the family', async () => {
  expect(idsNot(await familyFindings(), 'proved')).toEqual(['systemd/unit not_applicable'])
})

const BROKEN: readonly (readonly [name: string, given: FamilyGiven, failing: readonly string[]])[] =
  [
    [
      'a service without `restart` [check/compose/restart]',
      changed('    restart: unless-stopped\n', ''),
      [
        'compose/restart: compose.yaml:3: the service gateway has no `restart`: nothing starts it after the host does',
      ],
    ],
    [
      'a service that only failures start again [check/compose/restart]',
      changed('restart: unless-stopped', 'restart: on-failure:3'),
      [
        'compose/restart: compose.yaml:6: the service gateway has `restart: on-failure:3`: nothing starts it after the host does',
      ],
    ],
    [
      'an image that is called latest [check/compose/images-pinned]',
      changed('postgres:16.4', 'postgres:latest'),
      [
        'compose/images-pinned: compose.yaml:36: the service db floats with the tag `latest`: `postgres:latest`',
      ],
    ],
    [
      'an image without a tag, by a variable that is not set [check/compose/images-pinned]',
      changed('postgres:16.4', 'postgres${TAG}'),
      ['compose/images-pinned: compose.yaml:36: the service db names no version: `postgres`'],
    ],
    [
      'an image built from one that floats [check/compose/images-pinned]',
      { files: { 'bot/Dockerfile': 'ARG V=lts\nFROM node:${V} AS a\nFROM a\nUSER node\n' } },
      [
        'compose/images-pinned: bot/Dockerfile:2: the service bot-alpha is built from what floats with the tag `lts`: `node:lts`',
      ],
    ],
    [
      'a service without a limit of memory [check/compose/limits]',
      changed('    mem_limit: 512m\n', ''),
      ['compose/limits: compose.yaml:3: the service gateway has no limit of memory'],
    ],
    [
      'a service without any limit [check/compose/limits]',
      changed('    mem_limit: 512m\n    cpus: 0.50\n', ''),
      [
        'compose/limits: compose.yaml:3: the service gateway has no limit of memory and processor time',
      ],
    ],
    [
      'a service that runs as root [check/compose/non-root]',
      changed('user: "999"', 'user: "0:0"'),
      ['compose/non-root: compose.yaml:37: the service db runs as root'],
    ],
    [
      'an image that is built to run as root [check/compose/non-root]',
      { files: { 'bot/Dockerfile': 'FROM node:24.1.0\nUSER node\nUSER root\n' } },
      ['compose/non-root: bot/Dockerfile:3: the service bot-alpha runs as root'],
    ],
    [
      'a privileged service [check/compose/unprivileged]',
      changed('    user: "999"\n', '    user: "999"\n    privileged: true\n'),
      ['compose/unprivileged: compose.yaml:38: the service db is privileged'],
    ],
    [
      'a service that may write to its root [check/compose/read-only]',
      changed('    read_only: true\n', ''),
      [
        'compose/read-only: compose.yaml:3: the service gateway may write to its root: no `read_only: true`',
      ],
    ],
    [
      'a service that keeps its capabilities [check/compose/security]',
      changed('    cap_drop: [ALL]\n', ''),
      [
        'compose/security: compose.yaml:3: the service gateway keeps capabilities: no `cap_drop: [ALL]`',
      ],
    ],
    [
      'a service that may gain rights [check/compose/security]',
      changed('    security_opt: ["no-new-privileges:true"]\n', ''),
      [
        'compose/security: compose.yaml:3: the service gateway may gain rights: no `no-new-privileges:true`',
      ],
    ],
    [
      'a service with the processes of the host [check/compose/security]',
      changed('    user: "999"\n', '    user: "999"\n    pid: host\n'),
      ["compose/security: compose.yaml:38: the service db shares the host's `pid`"],
    ],
    [
      'a service without a health check [check/compose/healthchecks] [check/compose/depends-on]',
      changed('    healthcheck: { test: [CMD-SHELL, "pg_isready -U postgres"] }\n', ''),
      [
        'compose/healthchecks: compose.yaml:35: the service db has no `healthcheck`',
        'compose/depends-on: compose.yaml:21: the service gateway waits for the health of db, which has no health check',
        'compose/depends-on: compose.yaml:34: the service bot-alpha waits for the health of db, which has no health check',
      ],
    ],
    [
      'a health check that can never fail [check/compose/healthchecks]',
      changed('/health || exit 1', '/health || exit 0'),
      [
        'compose/healthchecks: compose.yaml:33: the service bot-alpha has a health check that tells nothing: it can never fail',
      ],
    ],
    [
      'an operator of the shell where no shell runs [check/compose/healthchecks]',
      changed(
        '[CMD, curl, -fsS, "http://127.0.0.1/health"]',
        '[CMD, curl, -f, "http://127.0.0.1", "||", exit, "1"]',
      ),
      [
        'compose/healthchecks: compose.yaml:62: the service web has a health check that tells nothing: it passes `||` on as an argument, as `CMD` runs no shell: use `CMD-SHELL`',
      ],
    ],
    [
      'a dependency that does not wait for health [check/compose/depends-on]',
      changed('depends_on: { db: { condition: service_healthy } }', 'depends_on: [db]'),
      [
        'compose/depends-on: compose.yaml:34: the service bot-alpha starts before db is healthy: `condition: service_started`',
      ],
    ],
    [
      'a gateway that does not wait for a server [check/compose/depends-on]',
      changed('      bot-alpha: { condition: service_healthy }\n', ''),
      [
        'compose/depends-on: compose.yaml:19: the service gateway does not wait for its server bot-alpha',
      ],
    ],
    [
      'a log that grows without end [check/compose/log-rotation]',
      changed(
        '    logging: { driver: json-file, options: { max-size: 10m, max-file: "3" } }\n',
        '',
      ),
      [
        'compose/log-rotation: compose.yaml:3: the service gateway logs by json-file without `max-size` and `max-file`: its log grows without end',
      ],
    ],
    [
      'a database whose data is in the container [check/compose/volumes]',
      changed('    volumes: ["pgdata:/var/lib/postgresql/data"]\n', ''),
      [
        'compose/volumes: compose.yaml:35: the service db keeps its data in the container: no volume at /var/lib/postgresql/data',
      ],
    ],
    [
      'a database in memory [check/compose/volumes]',
      changed('pgdata:/var/lib/postgresql/data', '/var/lib/postgresql/data'),
      [
        'compose/volumes: compose.yaml:48: the service db keeps /var/lib/postgresql/data on a volume without a name, which is lost with the container',
      ],
    ],
    [
      'a volume in memory [check/compose/volumes]',
      changed(
        '  pgdata: {}',
        '  pgdata: { driver: local, driver_opts: { type: tmpfs, device: tmpfs } }',
      ),
      [
        'compose/volumes: compose.yaml:48: the service db keeps /var/lib/postgresql/data on the volume pgdata, which is kept in memory',
      ],
    ],
    [
      'a data store published on all interfaces [check/compose/ports] [check/compose/internal]',
      changed('    user: "999"\n', '    user: "999"\n    ports: ["5432:5432"]\n'),
      [
        'compose/ports: compose.yaml:38: the service db publishes its data store at 0.0.0.0:5432 to 5432',
        'compose/internal: compose.yaml:38: the service db is published at 0.0.0.0:5432 to 5432',
      ],
    ],
    [
      'a server published past the gateway, on loopback too [check/compose/ports]',
      changed('    build: ./bot\n', '    build: ./bot\n    ports: ["127.0.0.1:9090:9090"]\n'),
      [
        "compose/ports: compose.yaml:24: the service bot-alpha publishes 127.0.0.1:9090 to 9090, past the gateway: only the gateway's port may be",
      ],
    ],
    [
      'a gateway published on all interfaces [check/compose/ports]',
      changed('127.0.0.1:9100:9100', '9100:9100'),
      [
        'compose/ports: compose.yaml:16: the service gateway publishes the gateway at 0.0.0.0:9100 to 9100: only loopback may be',
      ],
    ],
    [
      'a server without a network in common with the gateway [check/compose/internal]',
      changed('    build: ./bot\n', '    build: ./bot\n    networks: [other]\n'),
      [
        'compose/internal: compose.yaml:24: the service bot-alpha has no network in common with the gateway',
      ],
    ],
    [
      'a service that ended [check/compose/running] [check/compose/healthy]',
      { docker: dockerAnswers({ db: { Status: 'exited', Health: '', ExitCode: 137 } }) },
      [
        'compose/running: docker inspect: the service db (stack-db-1) ended with code 137',
        'compose/healthy: docker inspect: the service db (stack-db-1) is not checked for its health',
      ],
    ],
    [
      'a service that was never started [check/compose/running] [check/compose/healthy] [check/compose/no-restarts]',
      { docker: dockerAnswers({ web: undefined }) },
      [
        'compose/running: docker inspect: the service web has no container in the project stack',
        'compose/healthy: docker inspect: the service web has no container in the project stack',
        'compose/no-restarts: docker inspect: the service web has no container in the project stack',
      ],
    ],
    [
      'a service that is not healthy, and one that nothing checks [check/compose/healthy]',
      { docker: dockerAnswers({ db: { Health: 'unhealthy' }, web: { Health: '' } }) },
      [
        'compose/healthy: docker inspect: the service db (stack-db-1) is unhealthy',
        'compose/healthy: docker inspect: the service web (stack-web-1) is not checked for its health',
      ],
    ],
    [
      'a service that is started again and again [check/compose/no-restarts]',
      { docker: dockerAnswers({ db: { RestartCount: 17 }, web: { OOMKilled: true } }) },
      [
        'compose/no-restarts: docker inspect: the service db (stack-db-1) was restarted 17 times',
        'compose/no-restarts: docker inspect: the service web (stack-web-1) was ended for taking more memory than its limit',
      ],
    ],
    [
      'a token that is in the shell alone [check/compose/token-survives]',
      { files: { '.env': '\n' }, variables: { MCP_GATEWAY_AUTH_TOKEN: 'x'.repeat(40) } },
      [
        'compose/token-survives: compose.yaml:15: the variable MCP_GATEWAY_AUTH_TOKEN is set in this shell alone and is lost with it',
      ],
    ],
    [
      'a key that is not mounted [check/compose/mounts]',
      {
        files: {
          'nginx/site.conf': 'server {\n  ssl_certificate_key /etc/ssl/private/site.key;\n}\n',
        },
      },
      [
        'compose/mounts: nginx/site.conf:2: the service web reads `ssl_certificate_key` /etc/ssl/private/site.key, where nothing is mounted',
      ],
    ],
    [
      'a key that is not in what is mounted [check/compose/mounts]',
      { removed: ['certs/site.key'] },
      [
        'compose/mounts: nginx/site.conf:4: the service web reads `ssl_certificate_key` /etc/nginx/certs/site.key, which is not in what is mounted',
      ],
    ],
    [
      'a secret whose file is not there [check/compose/mounts]',
      { removed: ['secrets/db_password'] },
      [
        'compose/mounts: compose.yaml:68: the service db takes the secret db_password from secrets/db_password, which is not there',
      ],
    ],
    [
      'a secret in the compose file [check/compose/secrets-not-env]',
      changed(
        'POSTGRES_PASSWORD_FILE: /run/secrets/db_password',
        'POSTGRES_PASSWORD: discord_bot_pass',
      ),
      [
        'compose/secrets-not-env: compose.yaml:45: the service db is given POSTGRES_PASSWORD as it stands in the compose file',
      ],
    ],
    [
      'a secret that stands in for a variable that is not set [check/compose/secrets-not-env]',
      changed(
        '{ MCP_BIND_ADDR: 0.0.0.0 }',
        '{ MCP_BIND_ADDR: 0.0.0.0, DB: "postgres://bot:${DB_PASS:-hunter2hunter2}@db/bot" }',
      ),
      [
        'compose/secrets-not-env: compose.yaml:31: the service bot-alpha is given DB as it stands in the compose file',
      ],
    ],
    [
      'a password as a variable where the image takes a file [check/compose/secrets-not-env]',
      {
        files: {
          'compose.yaml': GOOD_COMPOSE.replace(
            'POSTGRES_PASSWORD_FILE: /run/secrets/db_password',
            'POSTGRES_PASSWORD: "${PG_PASSWORD}"',
          ),
          '.env': `MCP_GATEWAY_AUTH_TOKEN=${'5f'.repeat(32)}\nPG_PASSWORD=a-long-password-for-it\n`,
        },
      },
      [
        'compose/secrets-not-env: compose.yaml:45: the service db is given POSTGRES_PASSWORD as a variable, where it takes POSTGRES_PASSWORD_FILE',
      ],
    ],
    [
      'a password in a command [check/compose/secrets-not-env]',
      changed(
        '    user: "999"\n',
        '    user: "999"\n    command: redis-server --requirepass hunter2hunter2\n',
      ),
      [
        'compose/secrets-not-env: compose.yaml:38: the service db is given a secret in its `command` (--requirepass), which every process list shows',
      ],
    ],
  ]

test.each(BROKEN)(
  '%s makes exactly its items fail [check/compose/restart] [check/compose/limits] [check/compose/unprivileged] [check/compose/read-only] [check/compose/security] [check/compose/healthy] [check/compose/no-restarts] [check/compose/secrets-not-env]',
  async (_name, given, expected) => {
    expect(faultsOf(await familyFindings(given))).toEqual(expected)
  },
)

test('every probe of compose files has a broken copy that it fails', () => {
  expect(citedIds(BROKEN.map(([name]) => name))).toEqual(COMPOSE.map(([id]) => id).sort())
})

test('without docker what only docker can tell is unproved, and nothing else', async () => {
  const found = await familyFindings({ removed: ['bin/docker'] })
  expect(idsNot(found, 'proved', 'not_applicable')).toEqual(
    [
      ...['compose/running', 'compose/healthy', 'compose/no-restarts'],
      ...['host/docker', 'host/compose', 'host/disk', 'images/no-secrets'],
      ...['logs/present', 'logs/clean-start', 'logs/no-auth-errors', 'logs/no-restart-loops'],
      ...['logs/no-secrets', 'logs/json'],
    ].map((id) => `${id} unproved`),
  )
  expect(found['compose/running']).toEqual({
    state: 'unproved',
    evidence: [{ kind: 'command', text: 'the command `docker` is not on the PATH' }],
    remedy: 'run the check where `docker` is installed',
  })
})

test('a gap of the compose files leaves unproved what else would be proved', async () => {
  const found = await familyFindings({
    files: { 'compose.yaml': `include: ["oci://example.com/more"]\n${GOOD_COMPOSE}` },
  })
  const states = COMPOSE.map(([id]) => found[id]?.state)
  expect([...new Set(states)]).toEqual(['unproved'])
})

test('without a compose file the answer depends on how this is run', async () => {
  const statesOf = async (profile: 'local' | 'compose' | 'kubernetes', source: unknown = {}) => {
    const deployment = deploymentOf('/nonexistent', source, { profile, variables: {} })
    const found = COMPOSE.map(async ([, probe]) => (await look(probe, deployment)).state)
    return [...new Set(await Promise.all(found))]
  }
  expect(await statesOf('local')).toEqual(['not_applicable'])
  expect(await statesOf('compose')).toEqual(['unproved'])
  expect(await statesOf('kubernetes')).toEqual(['unproved'])
})
