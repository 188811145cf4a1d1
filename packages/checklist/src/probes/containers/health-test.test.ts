import { expect, test } from 'vitest'
import { uselessTest } from './health-test.ts'

const NEVER_FAILS = 'can never fail'
const NEVER_SUCCEEDS = 'can never succeed'
const NO_F = 'takes every answer for a good one: `curl` has no `-f`'

test.each([
  [['CMD-SHELL', 'curl -fsS http://127.0.0.1/health || exit 1'], undefined],
  [['CMD-SHELL', 'curl --fail http://127.0.0.1/health'], undefined],
  [['CMD-SHELL', 'curl -s http://127.0.0.1/health | grep -q ok'], undefined],
  [['CMD-SHELL', 'wget -qO- http://127.0.0.1/health'], undefined],
  [['CMD', 'pg_isready', '-U', 'postgres'], undefined],
  [['CMD', 'sh', '-c', 'pg_isready || exit 1'], undefined],
  [['CMD-SHELL', 'pg_isready || true'], NEVER_FAILS],
  [['CMD-SHELL', 'pg_isready; exit 0'], NEVER_FAILS],
  [['CMD-SHELL', 'pg_isready || echo down'], NEVER_FAILS],
  [['CMD-SHELL', 'exit 0'], NEVER_FAILS],
  [['CMD', 'true'], NEVER_FAILS],
  [['CMD', 'sh', '-c', 'curl -f http://x || true'], NEVER_FAILS],
  [['CMD-SHELL', 'exit 1'], NEVER_SUCCEEDS],
  [['CMD-SHELL', 'false'], NEVER_SUCCEEDS],
  [['CMD-SHELL', 'curl http://127.0.0.1/health || exit 1'], NO_F],
  [['CMD', 'curl', '-sS', 'http://127.0.0.1/health'], NO_F],
  [
    ['CMD', 'curl', '-f', 'http://x', '&&', 'true'],
    'passes `&&` on as an argument, as `CMD` runs no shell: use `CMD-SHELL`',
  ],
  [
    ['CMD', 'curl -f http://x'],
    'names a whole line as one command, which is no program: it can never succeed',
  ],
  [['curl', '-f', 'http://x'], 'begins with neither `CMD` nor `CMD-SHELL`: docker refuses it'],
  [['CMD'], 'names no command: it can never succeed'],
  [['CMD-SHELL', ' '], 'names no command: it can never succeed'],
] as const)('the health check %j is judged as: %s', (words, verdict) => {
  expect(uselessTest(words)).toBe(verdict)
})
