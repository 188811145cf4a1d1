import { isIPv4, isIPv6 } from 'node:net'
import { expect, test } from 'vitest'
import { isLocalhostName, isPublicAddress } from './public-address.ts'

/** A repeatable source of numbers below 2^32. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state
  }
}

function dotted(bits: number): string {
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.')
}

/** An independent reading of the registry, by numbers. */
function isPublicV4(bits: number): boolean {
  const within = (text: string, width: number): boolean => {
    const network = text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
    const size = 2 ** (32 - width)
    return Math.floor(bits / size) === Math.floor(network / size)
  }
  const special: [string, number][] = [
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.88.99.0', 24],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 3],
  ]
  return !special.some(([network, width]) => within(network, width))
}

/** Every way to write an IPv4 address inside an IPv6 one. */
function carriers(bits: number): string[] {
  const hex = `${(bits >>> 16).toString(16)}:${(bits & 0xffff).toString(16)}`
  return [
    `::${hex}`,
    `::ffff:0:${hex}`,
    `64:ff9b::${hex}`,
    `64:ff9b:1::${hex}`,
    `2002:${hex}::`,
    `2001:0:${hex}::`,
    `fe80::5efe:${hex}`,
    `::${dotted(bits)}`,
    `64:ff9b::${dotted(bits)}`,
  ]
}

test('exactly the special ranges of IPv4 are not public, over 20,000 addresses and all borders [entries/addresses]', () => {
  const next = numbers(7)
  const borders = [0x0a, 0x64, 0x7f, 0xa9, 0xac, 0xc0, 0xc6, 0xcb, 0xe0, 0xf0].flatMap((first) => [
    first * 2 ** 24,
    first * 2 ** 24 - 1,
    first * 2 ** 24 + 0x00ff_ffff,
  ])
  for (const bits of [...borders, ...Array.from({ length: 20_000 }, next)]) {
    expect([dotted(bits), isPublicAddress(dotted(bits))]).toEqual([dotted(bits), isPublicV4(bits)])
  }
})

test('an IPv4-mapped address is judged as the address it is, in every spelling [entries/addresses]', () => {
  const next = numbers(11)
  for (let count = 0; count < 2_000; count += 1) {
    const bits = next()
    const hex = `${(bits >>> 16).toString(16)}:${(bits & 0xffff).toString(16)}`
    const spellings = [`::ffff:${dotted(bits)}`, `::FFFF:${hex}`, `0:0:0:0:0:ffff:${hex}`]
    for (const spelling of spellings) {
      expect(isIPv6(spelling)).toBe(true)
      expect([spelling, isPublicAddress(spelling)]).toEqual([spelling, isPublicV4(bits)])
    }
  }
})

test('no IPv6 form that carries an IPv4 address is public, whichever it carries [entries/addresses]', () => {
  const next = numbers(13)
  const all = [
    0x7f00_0001,
    0xa9fe_a9fe,
    0x0a00_0001,
    0x0808_0808,
    ...Array.from({ length: 500 }, next),
  ]
  for (const bits of all) {
    for (const address of carriers(bits)) {
      expect(isIPv6(address)).toBe(true)
      expect([address, isPublicAddress(address)]).toEqual([address, false])
    }
  }
})

test.each([
  ...['127.0.0.1', '::1', '0:0:0:0:0:0:0:1', '::', '0.0.0.0', '169.254.169.254', 'fd00:ec2::254'],
  ...[
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    '::ffff:7f00:1',
    '::ffff:169.254.169.254',
    '2002:7f00:1::',
  ],
  ...[
    '100.100.100.200',
    '192.168.0.1',
    '255.255.255.255',
    'fc00::1',
    '100::1',
    '2001:db8::1',
    '3fff::1',
  ],
  ...[
    '2606:4700::1%1',
    'localhost',
    '',
    '1',
    '2130706433',
    '0x7f000001',
    '017700000001',
    '127.1',
    'x',
  ],
])('%s is not public', (address) => {
  expect(isPublicAddress(address)).toBe(false)
})

test.each([
  '1.1.1.1',
  '8.8.8.8',
  '172.32.0.1',
  '::ffff:8.8.8.8',
  '2606:4700:4700::1111',
  '2a00::1',
])('%s is public', (address) => {
  expect(isPublicAddress(address)).toBe(true)
})

test('whatever a URL makes of a decimal, octal, short or hexadecimal host is judged by what it is', () => {
  for (const host of [
    '2130706433',
    '0x7f000001',
    '017700000001',
    '127.1',
    '0177.0.0.1',
    '127.0.0.1.',
  ]) {
    const { hostname } = new URL(`http://${host}/`)
    expect([host, isIPv4(hostname), isPublicAddress(hostname)]).toEqual([host, true, false])
  }
})

test('localhost is known in every case, below itself and with a dot', () => {
  for (const host of ['localhost', 'LOCALHOST', 'localhost.', 'a.localhost', 'a.b.LocalHost.']) {
    expect([host, isLocalhostName(host)]).toEqual([host, true])
  }
  for (const host of ['localhost.example.com', 'notlocalhost', 'local']) {
    expect([host, isLocalhostName(host)]).toEqual([host, false])
  }
})
