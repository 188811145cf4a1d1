import { expect, test } from 'vitest'
import { fitsArguments, fitsPathGlob, judgeCommand } from './allowed-command.ts'

const NODE = '/usr/bin/node'
const RULE = { command: NODE, args: ['/srv/*.js', '--level=?'], env: ['LOG_*', 'NODE_OPTIONS'] }
const FIT = { command: NODE, args: ['/srv/a.js', '--level=1'], env: [] }

test('what fits the whole of one rule is allowed [entries/commands]', () => {
  expect(judgeCommand(FIT, [RULE])).toBeUndefined()
  expect(judgeCommand({ ...FIT, env: ['LOG_LEVEL', 'NODE_OPTIONS'] }, [RULE])).toBeUndefined()
})

test.each([
  ['another program', { command: '/usr/bin/nodejs' }],
  ['its bare name', { command: 'node' }],
  ['another case', { command: '/usr/bin/NODE' }],
  ['one argument too few', { args: ['/srv/a.js'] }],
  ['one argument too many', { args: ['/srv/a.js', '--level=1', '--inspect'] }],
  ['the arguments in another order', { args: ['--level=1', '/srv/a.js'] }],
  ['no arguments', { args: [] }],
  ['a path that climbs', { args: ['/srv/../etc/x.js', '--level=1'] }],
  ['a folder below', { args: ['/srv/deep/a.js', '--level=1'] }],
  ['a flag in the place of a path', { args: ['--eval=x.js', '--level=1'] }],
  ['a flag with a longer value', { args: ['/srv/a.js', '--level=12'] }],
  ['an argument with a line break', { args: ['/srv/a.js', '--level=1\n'] }],
  ['a variable that is not named', { env: ['HOME'] }],
  ['PATH', { env: ['PATH'] }],
  ['LD_PRELOAD', { env: ['LD_PRELOAD'] }],
  ['one good variable and a bad one', { env: ['LOG_LEVEL', 'LD_PRELOAD'] }],
])('%s is not allowed [entries/commands]', (_what, changes) => {
  expect(judgeCommand({ ...FIT, ...changes }, [RULE])).toEqual(expect.any(String))
})

test('rules do not add up: arguments of one with the variables of another are not allowed', () => {
  const rules = [
    { command: NODE, args: ['a'], env: ['A'] },
    { command: NODE, args: ['a'], env: ['B'] },
  ]
  expect(judgeCommand({ command: NODE, args: ['a'], env: ['A'] }, rules)).toBeUndefined()
  expect(judgeCommand({ command: NODE, args: ['a'], env: ['A', 'B'] }, rules)).toBeDefined()
  expect(judgeCommand({ command: NODE, args: ['b'], env: [] }, rules)).toBeDefined()
})

test('nothing is allowed where nothing is', () => {
  expect(judgeCommand(FIT, [])).toBeDefined()
})

test.each([
  ...['PATH', 'Path', 'LD_PRELOAD', 'LD_LIBRARY_PATH', 'DYLD_INSERT_LIBRARIES', 'NODE_OPTIONS'],
  ...['NODE_PATH', 'npm_config_registry', 'NPM_CONFIG_SCRIPT_SHELL', 'PYTHONPATH', 'PYTHONSTARTUP'],
  ...[
    'PYTHONHOME',
    'PERL5LIB',
    'PERL5OPT',
    'RUBYOPT',
    'RUBYLIB',
    'JAVA_TOOL_OPTIONS',
    '_JAVA_OPTIONS',
  ],
  ...['BASH_ENV', 'ENV', 'BASH_FUNC_x', 'IFS', 'SHELL', 'GIT_SSH_COMMAND', 'GIT_EXTERNAL_DIFF'],
  ...[
    'UV_INDEX_URL',
    'PIP_INDEX_URL',
    'HOME',
    'XDG_CONFIG_HOME',
    'TMPDIR',
    'HTTPS_PROXY',
    'http_proxy',
  ],
  ...[
    'SSL_CERT_FILE',
    'NODE_EXTRA_CA_CERTS',
    'NODE_TLS_REJECT_UNAUTHORIZED',
    'GCONV_PATH',
    'COMSPEC',
  ],
  ...[
    'DOTNET_STARTUP_HOOKS',
    'PHPRC',
    'EDITOR',
    'SALLYPORT_CHILD',
    'GLIBC_TUNABLES',
    'RUSTC_WRAPPER',
  ],
])(
  '%s is allowed only where it is named in full, whatever the globs are [entries/commands]',
  (name) => {
    const all = {
      command: NODE,
      args: [],
      env: ['*', '**', `${name.slice(0, -1)}*`, '?'.repeat(name.length)],
    }
    expect(judgeCommand({ command: NODE, args: [], env: [name] }, [all])).toBeDefined()
    const named = { ...all, env: [name] }
    expect(judgeCommand({ command: NODE, args: [], env: [name] }, [named])).toBeUndefined()
  },
)

test('`*` stops at a slash, `**` does not, `?` is one character', () => {
  expect(fitsPathGlob('/srv/*', '/srv/a')).toBe(true)
  expect(fitsPathGlob('/srv/*', '/srv/a/b')).toBe(false)
  expect(fitsPathGlob('/srv/**', '/srv/a/b')).toBe(true)
  expect(fitsPathGlob('**b', 'a/a/b')).toBe(true)
  expect(fitsPathGlob('a?c', 'abc')).toBe(true)
  expect(fitsPathGlob('a?c', 'a/c')).toBe(false)
  expect(fitsPathGlob('a*', 'ba')).toBe(false)
  expect(fitsPathGlob('', '')).toBe(true)
  expect(fitsPathGlob('a.c', 'abc')).toBe(false)
})

test('a path that climbs fits only what was written for it, however it is put', () => {
  for (const arg of ['..', '../x', 'a/../b', 'a/..', '--dir=../x', '--dir=..', 'a\\..\\b']) {
    expect([arg, fitsArguments(['**'], [arg]), fitsArguments(['--dir=**'], [arg])]).toEqual([
      arg,
      false,
      false,
    ])
    expect(fitsArguments([arg], [arg])).toBe(true)
  }
})

test('a glob of many stars takes no longer than both lengths multiplied', () => {
  const startedMs = performance.now()
  expect(fitsPathGlob('*a'.repeat(500) + 'b', 'a'.repeat(4_000))).toBe(false)
  expect(performance.now() - startedMs).toBeLessThan(1_000)
})
