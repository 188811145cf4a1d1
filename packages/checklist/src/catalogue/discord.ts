import { box, type Item, section } from './item.ts'

/** The Discord bot's production checklist, box by box. */
export const DISCORD_ITEMS: readonly Item[] = [
  ...section('discord', 'Secrets', { role: 'security' }, [
    box([1, 'token'], 'Tokens of bots are their own and were never committed', [
      'discord/unique-token',
      'instances/unique-token',
      'git/history-clean',
    ]),
    box([2, 'git'], 'Environment files are not in git', [
      'git/env-untracked',
      'git/secrets-ignored',
    ]),
    box([3, 'placeholders'], 'No placeholder is left', ['env/no-placeholders']),
    box([4, 'api-keys'], 'API keys are of this deployment alone', ['secrets/not-shared']),
    box([5, 'backend-token'], 'Every instance that others reach asks for a token', [
      'instances/backend-auth',
    ]),
    box([6, 'gateway-token'], 'The gateway has a token, and the instances take it', [
      'secrets/gateway-token',
    ]),
    box(
      [7, 'database-password'],
      'The default password of PostgreSQL is gone where others reach it',
      ['postgres/password', 'secrets/no-defaults'],
    ),
    box([8, 'verification'], 'The secret of the Minecraft plugin matches', [
      'discord/verification',
    ]),
  ]),
  ...section('discord', 'Discord Configuration', { role: 'technical' }, [
    box([9, 'permissions'], 'The bot may do what it must and no more', ['discord/permissions'], {
      role: 'security',
    }),
    box([10, 'role'], 'Its role stands above those it gives', ['discord/role-order']),
    box([11, 'intents'], 'Privileged intents are granted', ['discord/intents']),
    box([12, 'guilds'], 'It is in every guild that is configured', ['discord/guilds']),
  ]),
  ...section('discord', 'Network', { role: 'security' }, [
    box([13, 'gateway'], 'The gateway is published on loopback alone', [
      'door/loopback',
      'compose/ports',
    ]),
    box([14, 'database'], 'PostgreSQL is not published', [
      'postgres/not-published',
      'compose/ports',
    ]),
    box([15, 'instances'], 'Instances are not published', ['compose/ports', 'compose/internal']),
    box([16, 'encrypted'], 'Whoever comes from outside comes through TLS or a tunnel', [
      'tls/public',
      'tls/no-plain',
    ]),
    box([17, 'firewall'], 'The firewall denies what is not meant', ['host/firewall']),
  ]),
  ...section('discord', 'Database', { role: 'operations' }, [
    box([18, 'schemas'], 'Each instance has a schema of its own', [
      'discord/unique-schema',
      'instances/unique-schema',
    ]),
    box([19, 'volume'], 'The database stands on storage that lasts', [
      'compose/volumes',
      'postgres/persistent',
    ]),
    box([20, 'backups'], 'Backups run by themselves', ['backups/schedule', 'backups/recent'], {
      cadence: 'day',
    }),
    box([21, 'restored'], 'A restore was tried', ['backups/restorable', 'later/restore-drill'], {
      cadence: 'quarter',
    }),
    box([22, 'retention'], 'Backups are kept long enough to notice a loss', ['backups/retention']),
    box([23, 'stale'], 'Schemas of instances that are gone are known', ['postgres/schemas'], {
      cadence: 'month',
    }),
    box([24, 'migrations'], 'It is known what an upgrade migrates', ['product/migrations-shown']),
  ]),
  ...section('discord', 'Configuration Hygiene', { role: 'technical' }, [
    box([25, 'folders'], 'Each instance has a folder of its own', ['instances/own-folder']),
    box([26, 'features'], 'Features that are on are configured', ['discord/features']),
    box([27, 'personality'], 'The personality is not the shipped one', ['discord/personality']),
    box([28, 'prefix'], "The prefix is nobody else's", [
      'discord/unique-prefix',
      'instances/unique-prefix',
    ]),
  ]),
  ...section('discord', 'Operations', { role: 'operations' }, [
    box([29, 'restart'], 'Every service is started again', ['compose/restart']),
    box([30, 'boot'], 'So it is after the host starts', ['host/boot']),
    box([31, 'upgrades'], 'It is settled how to upgrade, and images are pinned', [
      'compose/images-pinned',
      'attest/update-process',
    ]),
    box([32, 'changelog'], 'Release notes are read before an upgrade', ['attest/release-notes']),
    box([33, 'disk'], 'Disk space is watched', ['host/disk', 'store/disk', 'postgres/size'], {
      cadence: 'day',
    }),
    box([34, 'logs'], 'Logs are rotated', ['compose/log-rotation']),
    box([35, 'alerts'], 'Health checks reach somebody', [
      'prometheus/alertmanager',
      'alertmanager/receivers',
      'alerts/checklist',
    ]),
    box([36, 'limiters'], 'Rate limiters need no upkeep', ['product/limits-tidy']),
  ]),
  ...section('discord', 'MCP', { role: 'security' }, [
    box([37, 'strong'], 'The token of the gateway has 32 random bytes', [
      'secrets/gateway-token',
      'secrets/strong',
    ]),
    box([38, 'leavers'], 'Who leaves loses access', ['product/revocation', 'keys/used'], {
      note: 'the document says that no single client can be revoked; here each has a key, and a revoked one ends at once',
    }),
    box([39, 'separate'], 'Clients of production have tokens of production', [
      'secrets/not-shared',
    ]),
    box([40, 'authorization'], 'The proxy passes Authorization on', ['proxy/authorization']),
    box([41, 'streams'], 'The proxy holds streams for longer than a minute', [
      'proxy/timeouts',
      'proxy/buffering',
      'drill/stream',
    ]),
  ]),
  ...section('discord', 'Multi-instance', { role: 'technical' }, [
    box([42, 'schemas'], 'Each instance has a schema of its own', [
      'discord/unique-schema',
      'instances/unique-schema',
    ]),
    box([43, 'tokens'], 'Each instance has a token of its own', [
      'discord/unique-token',
      'instances/unique-token',
    ]),
    box([44, 'listed'], 'The gateway knows every instance', [
      'instances/listed',
      'instances/unique-port',
    ]),
    box([45, 'depends'], 'The gateway waits for every instance', ['compose/depends-on']),
    box([46, 'prefixes'], 'Prefixes differ within a guild', [
      'discord/unique-prefix',
      'instances/unique-prefix',
    ]),
  ]),
  ...section('discord', 'Final Smoke Test', { role: 'operations' }, [
    box([47, 'logs'], 'Logs of the start are clean', ['logs/clean-start']),
    box([48, 'healthy'], 'Every service is healthy', ['compose/healthy', 'servers/healthy']),
    box([49, 'online'], 'The bot is online', ['discord/connected']),
    box([50, 'command'], 'A command works from end to end', ['discord/command']),
  ]),
]
