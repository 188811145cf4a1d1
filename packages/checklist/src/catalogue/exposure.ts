import { box, type Item, section } from './item.ts'

/** The rules of the document on exposing MCP, in its order. */
export const EXPOSURE: readonly Item[] = [
  ...section('exposure', 'Deploy Shapes', { role: 'security' }, [
    box(
      [1, 'shape'],
      'One of the two shapes was chosen: on loopback alone, or behind the gateway',
      ['door/loopback', 'ports/declared'],
    ),
    box([2, 'alone'], 'An instance without a gateway is bound to loopback', [
      'instances/backend-auth',
      'compose/ports',
    ]),
    box([3, 'gateway'], 'The gateway is published on loopback of the host', [
      'door/loopback',
      'compose/ports',
    ]),
    box([4, 'backend-token'], 'Instances behind the gateway ask for a token', [
      'instances/backend-auth',
    ]),
    box([5, 'gateway-token'], 'The gateway always asks for a token', [
      'auth/anonymous-off',
      'door/unauthenticated',
    ]),
  ]),
  ...section('exposure', 'Hard Requirements', { role: 'security' }, [
    box([6, 'refuses-open'], 'What is bound beyond loopback without a token does not start', [
      'product/refuses-open',
    ]),
    box([7, 'refuses-empty'], 'A gateway without any credential does not start', [
      'product/refuses-empty',
    ]),
    box([8, 'constant-time'], 'Tokens are compared in constant time', ['product/constant-time']),
    box([9, 'body'], 'Bodies have a limit', ['door/body-limit', 'limits/bodies']),
    box([10, 'malformed'], 'Malformed JSON is answered, and the connection lives on', [
      'door/malformed',
    ]),
  ]),
  ...section('exposure', 'When to Expose', { role: 'security' }, [
    box([11, 'tunnel'], 'Nothing is exposed that a tunnel could serve', [
      'door/loopback',
      'host/listening',
    ]),
    box([12, 'vpn-address'], 'Behind a VPN the gateway is bound to the address of the VPN', [
      'door/vpn',
    ]),
    box([13, 'vpn-token'], 'Behind a VPN a token is still asked for', [
      'door/vpn',
      'door/unauthenticated',
    ]),
    box([14, 'survives'], 'The token outlives a restart, and clients carry it', [
      'compose/token-survives',
      'calls/served',
    ]),
  ]),
  ...section('exposure', 'Reverse Proxy', { role: 'security' }, [
    box([15, 'loopback'], 'Behind a proxy the gateway is bound to loopback', ['door/loopback']),
    box([16, 'certificate'], 'The proxy ends TLS with a real certificate', [
      'tls/public',
      'tls/expiry',
    ]),
    box([17, 'strong'], 'The token is long and random', [
      'secrets/strong',
      'secrets/gateway-token',
    ]),
    box([18, 'authorization'], 'The proxy passes Authorization on', ['proxy/authorization']),
    box([19, 'buffering'], 'The proxy does not hold streams back', ['proxy/buffering']),
    box([20, 'timeouts'], 'The proxy does not cut quiet streams', [
      'proxy/timeouts',
      'drill/stream',
    ]),
    box([21, 'host'], 'The proxy passes Host on', ['proxy/host']),
    box(
      [22, 'second-lock'],
      'Something else stands before the token: addresses, certificates or a password',
      ['proxy/extra-auth'],
    ),
  ]),
  ...section('exposure', 'What MCP Can Do', { role: 'security' }, [
    box([23, 'permissions'], 'The bot may not do more than its features need', [
      'discord/permissions',
      'servers/annotations',
    ]),
    box([24, 'deadline'], 'Calls have deadlines', ['limits/deadlines']),
    box([25, 'rates'], 'Calls have rates of our own', ['limits/rates'], {
      note: 'the document leaves this to Discord; here principals, servers and tools have limits',
    }),
  ]),
  ...section('exposure', 'Tokens', { role: 'security' }, [
    box([26, 'match'], 'What the gateway sends is what instances expect', [
      'secrets/gateway-token',
      'servers/healthy',
    ]),
    box(
      [27, 'rotation'],
      'A token can be rotated without a day on which everything stops',
      ['drill/keys'],
      {
        note: 'the document knows one shared token; here keys rotate one by one, the old one working in between',
        cadence: 'quarter',
      },
    ),
    box([28, 'leaks'], 'The token is neither in shell histories nor in git or logs', [
      'files/no-transcripts',
      'git/history-clean',
      'logs/no-secrets',
    ]),
    box([29, 'leaked'], 'A leaked token ends at once, and what it did can be seen', [
      'product/revocation',
      'audit/verified',
    ]),
  ]),
  ...section('exposure', 'What Not to Do', { role: 'security' }, [
    box([30, 'open'], 'Nothing is open on every address without a token', [
      'door/loopback',
      'host/listening',
      'door/unauthenticated',
    ]),
    box([31, 'plain'], 'Nothing is on the internet without TLS', ['tls/no-plain', 'tls/public']),
    box([32, 'shared'], 'No token serves both staging and production', ['secrets/not-shared']),
  ]),
]
