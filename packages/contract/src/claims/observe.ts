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
    source: 'part 01, "Health and sight"',
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
    source: 'part 01, "Health and sight"',
  },
  'observe/log/failures': {
    behavior:
      'An expected failure is logged on one line with its code and what caused it; stacks are for defects and the level debug.',
    source: 'design §2; house style §3',
  },
  'observe/request-id': {
    behavior: 'One request id stands in the response header, the error, the audit row and the log.',
    source: 'part 01, "Health and sight"; design §2, "Errors on the wire"',
  },
  'observe/access-log': {
    behavior:
      'The access log has a line a request without its query string, and drops lines rather than wait.',
    source: 'system checklist 121',
  },
} as const satisfies ClaimsOf<'observe'>
