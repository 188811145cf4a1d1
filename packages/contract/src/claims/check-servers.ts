import type { ClaimsOf } from './claim.ts'

/** What the checklist says of servers, callers and records. */
export const CHECK_SERVERS = {
  'check/servers/healthy': {
    behavior:
      'A server that is degraded, blocked, draining or behind an open breaker fails; one that never started is unproved.',
    source: 'S 41; facts/discord.md §1.10',
  },
  'check/servers/health-checks': {
    behavior: 'A server that is looked at less often than every five minutes fails.',
    source: 'Hangar recipe 13, line 20',
  },
  'check/servers/breakers': {
    behavior: 'A breaker that never opens, opens late or stays open fails.',
    source: 'Hangar recipe 13, line 21',
  },
  'check/servers/idle-time': {
    behavior: 'A server that stops at every pause, or never, fails.',
    source: 'Hangar recipe 13, line 24',
  },
  'check/servers/owners': {
    behavior: 'A server or group without an owner fails.',
    source: 'Hangar recipe 13, line 82',
  },
  'check/servers/annotations': {
    behavior: 'A tool of which nobody knows whether it changes anything fails.',
    source: 'the exposure document: what MCP can do',
  },
  'check/groups/critical': {
    behavior:
      'A critical server that is in no group of two fails; where nobody declared what is critical it is unproved.',
    source: 'Hangar recipe 13, line 22',
  },
  'check/groups/min-healthy': {
    behavior: 'A critical group that needs all its members fails.',
    source: 'Hangar recipe 13, line 23',
  },
  'check/groups/healthy': {
    behavior: 'A group that lacks a member fails.',
    source: 'S 165-166',
  },
  'check/limits/rates': {
    behavior: 'Rates, bursts and calls at once that bind nobody fail.',
    source: 'Hangar recipe 13, line 25; S 32; K 37',
  },
  'check/limits/bodies': {
    behavior: 'Bodies over 16 MiB and results over 256 MiB fail.',
    source: 'the exposure document: hard auth requirements',
  },
  'check/limits/deadlines': {
    behavior: 'Calls that may take more than ten minutes fail.',
    source: 'K 38; the exposure document',
  },
  'check/sessions/life': {
    behavior: 'Sessions that live longer than two days, or an hour unused, fail.',
    source: 'K 61',
  },
  'check/auth/anonymous-off': {
    behavior: 'Anonymous callers fail.',
    source: 'Hangar recipe 13, line 11; S 33',
  },
  'check/keys/per-principal': {
    behavior:
      'Keys and tokens that are named as if shared, or not named, fail; where there is no credential it is unproved.',
    source: 'Hangar recipe 13, line 12; seed-items H 12',
  },
  'check/keys/least-privilege': {
    behavior:
      'A key of an administrator that calls tools fails, and one that for a month does not use a server it may.',
    source: 'Hangar recipe 13, line 13; seed-items H 12-13',
  },
  'check/keys/admins': {
    behavior: 'More than three administrators fail.',
    source: 'seed-items H 12-13',
  },
  'check/keys/age': {
    behavior: 'A key that is older than a quarter fails.',
    source: 'K 131',
  },
  'check/keys/used': {
    behavior: 'A key that nobody used in a month fails.',
    source: 'K 131; seed-items H 12-13',
  },
  'check/audit/on': {
    behavior: 'A log that is switched off fails.',
    source: 'S 121; Hangar recipe 13, line 26',
  },
  'check/audit/kept': {
    behavior: 'Records kept for less than 30 days, or in less than 64 MiB, fail.',
    source: 'S 142; K 102',
  },
  'check/audit/verified': {
    behavior:
      'A record that was edited, removed, reordered or cut off fails; an empty log is unproved.',
    source: 'S 142; design §4 Audit',
  },
  'check/calls/tool': {
    behavior: 'A harmless call that fails, fails; where none is declared it is unproved.',
    source: 'S 85',
  },
  'check/calls/resource': {
    behavior:
      'A resource that is listed and cannot be read fails; where none is offered it does not apply.',
    source: 'S 86',
  },
  'check/calls/served': {
    behavior: 'Where no client but this machine called in a week it is unproved.',
    source: 'S 82, S 200',
  },
} as const satisfies ClaimsOf<'check'>
