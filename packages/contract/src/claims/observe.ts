import type { ClaimsOf } from './claim.ts'

/** Metrics and logs. */
export const OBSERVE = {
  'observe/metrics/loopback': {
    behavior:
      'Metrics need no key on loopback unless `metrics.protect` is set or the request was forwarded; any key opens them.',
    source: 'Hangar 2.8; design §2',
  },
  'observe/metrics/starts': {
    behavior:
      'Starts of servers are counted, with those that failed and those after a child ended by itself.',
    source: 'Design, "Health and sight"',
  },
  'observe/metrics/format': {
    behavior: 'Metrics are text that a strict reader accepts.',
    source: 'Prometheus, "Exposition formats"',
  },
  'observe/metrics/calls': {
    behavior: 'Calls are counted by server, method and outcome, with their time.',
    source: 'design §8',
  },
  'observe/metrics/bounded': {
    behavior: 'Invented methods, too many servers and more than 500 tools are filed under `other`.',
    source: 'design §8',
  },
  'observe/metrics/stay-up': {
    behavior:
      'Metrics show the health, last look and breaker of each server, the members of each group against what it needs, the configuration in force and how its last reload ended.',
    source: 'Design, "Health" and "Groups"',
  },
  'observe/log/secrets': {
    behavior: 'A log line holds no credential, whatever its field is called and wherever it hides.',
    source: 'design §3, "Secrets"',
  },
  'observe/log/control-characters': {
    behavior: 'No control character of a server reaches the log.',
    source: 'design §7',
  },
  'observe/log/settings': {
    behavior:
      '`MCP_JSON_LOGS` and `MCP_LOG_LEVEL` choose form and level, and an unknown level is refused by name.',
    source: 'Design, "Health and sight"',
  },
  'observe/log/failures': {
    behavior:
      'An expected failure is logged on one line with its code and what caused it; stacks are for defects and the level debug.',
    source: 'design §2; house style §3',
  },
  'observe/tracing/off': {
    behavior: 'Without `tracing` nothing is recorded, and nothing of it is loaded.',
    source: 'seed items, 02; design §6',
  },
  'observe/tracing/spans': {
    behavior:
      'With `tracing` a call, its waits for a place and for a start, and the server’s part arrive as one trace over OTLP, beneath the caller’s, without arguments, results or secrets.',
    source: 'seed items, 02; Hangar 2.12',
  },
  'observe/tracing/context': {
    behavior:
      'A trace context that is not valid counts as none, whether it comes in `_meta` or in a header.',
    source: 'W3C Trace Context §3; MCP 2026-07-28, "Trace context"',
  },
  'observe/tracing/propagation': {
    behavior:
      'The trace of a call goes on to its server in `_meta`, over HTTP as headers too; what `_meta` says comes before a header.',
    source: 'seed items, 02; MCP 2026-07-28, "Trace context"',
  },
  'observe/tracing/environment': {
    behavior: 'What `tracing` leaves out comes from the variables that all of OpenTelemetry uses.',
    source: 'OpenTelemetry Specification, "OTLP Exporter Configuration"',
  },
  'observe/tracing/ratio': {
    behavior:
      'Of the traces begun here the configured part is recorded; of others those that the caller records.',
    source: 'OpenTelemetry Specification, "ParentBased"',
  },
  'observe/tracing/failures': {
    behavior:
      'A collector that fails or hangs is logged once a minute at most, harms no call and delays the stop by two seconds at most.',
    source: 'Design, "Every feature"',
  },
  'observe/tracing/bounded': {
    behavior: 'What waits for the collector is bounded; beyond it spans are dropped.',
    source: 'style §3.1',
  },
  'observe/request-id': {
    behavior: 'One request id stands in the response header, the error, the audit row and the log.',
    source: 'Design, "Health and sight"; design §2, "Errors on the wire"',
  },
  'observe/access-log': {
    behavior:
      'The access log has a line a request without its query string, and drops lines rather than wait.',
    source: 'system checklist 121',
  },
} as const satisfies ClaimsOf<'observe'>
