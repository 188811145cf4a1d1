import { Secret } from '@sallyport/kit/secret'
import { expect, test } from 'vitest'
import { childEnvironment } from './environment.ts'

const INHERITED = {
  PATH: '/bin',
  HOME: '/root',
  LC_ALL: 'C.UTF-8',
  https_proxy: 'http://proxy:3128',
  NODE_EXTRA_CA_CERTS: '/ca.pem',
  SALLYPORT_MASTER_KEY: 'geheim',
  MCP_GATEWAY_AUTH_TOKEN: 'geheim',
  NODE_OPTIONS: '--require /evil.js',
  LD_PRELOAD: '/evil.so',
  path: '/lower',
  SystemRoot: 'C:\\Windows',
  TZ: undefined,
}

test('only the allow-list, the own variables and the mark reach a child [upstreams/environment]', () => {
  const own = { TOKEN: new Secret('t'), PATH: new Secret('/own/bin') }
  expect(childEnvironment(INHERITED, own, 'gateway/1', 'linux')).toEqual({
    PATH: '/own/bin',
    HOME: '/root',
    LC_ALL: 'C.UTF-8',
    https_proxy: 'http://proxy:3128',
    NODE_EXTRA_CA_CERTS: '/ca.pem',
    TOKEN: 't',
    SALLYPORT_CHILD: 'gateway/1',
  })
})

test('the mark cannot be overridden by the configuration', () => {
  const own = { SALLYPORT_CHILD: new Secret('other') }
  expect(childEnvironment({}, own, 'gateway/1', 'linux')).toEqual({ SALLYPORT_CHILD: 'gateway/1' })
})

test('Windows programs get what they cannot start without, in any case', () => {
  const environment = childEnvironment({ Path: 'C:\\bin', ...INHERITED }, {}, 'm', 'win32')
  expect(environment).toMatchObject({ Path: 'C:\\bin', SystemRoot: 'C:\\Windows' })
  expect(environment).not.toHaveProperty('NODE_OPTIONS')
})
