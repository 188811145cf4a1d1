import { AppError } from '@sallyport/kit/errors'
import { silentLog } from '@sallyport/kit/log'
import type { Subscriber } from '@sallyport/kit/mcp'
import type { Principal } from '@sallyport/kit/principal'
import { expect, test } from 'vitest'
import { FakeUpstreams, testPrincipal, testServer } from '../call/testing-call.ts'
import { describeRead } from '../routing/target.ts'
import { Subscriptions, type Watch } from './subscriptions.ts'

const NEVER = new AbortController().signal

/** A client that hears, and ends when told to. */
function client(principal: Principal = testPrincipal()) {
  const heard: string[] = []
  const ends: (() => void)[] = []
  const subscriber: Subscriber = {
    principal,
    scope: '',
    send: (method, params) => heard.push(`${method} ${params}`) > 0,
    onEnd: (told) => void ends.push(told),
  }
  return { subscriber, heard, end: () => ends.splice(0).forEach((told) => told()) }
}

function open(sees?: (watch: Watch) => boolean) {
  const upstreams = new FakeUpstreams()
  const subscriptions = new Subscriptions({ upstreams, log: silentLog, ...(sees && { sees }) })
  const add = ({ subscriber }: ReturnType<typeof client>, shownUri = 'a:b', uri = shownUri) =>
    subscriptions.add(
      {
        ...{ subscriber, shownUri, asker: { principal: subscriber.principal } },
        target: describeRead(testServer('files'), 'resource', uri),
      },
      NEVER,
    )
  const updated = (uri: string, params: string, key = 'key:alice') =>
    subscriptions.updated('files', key, uri, params)
  return { subscriptions, upstreams, add, updated }
}

test('a server that refuses leaves nothing behind [subscriptions/refused]', async () => {
  const { subscriptions, upstreams, add, updated } = open()
  upstreams.onSubscribe = () => Promise.reject(new AppError('server_protocol', 'no'))
  const alice = client()
  await expect(add(alice)).rejects.toMatchObject({ code: 'server_protocol' })
  updated('a:b', '{"uri":"a:b"}')
  subscriptions.remove(alice.subscriber, 'a:b')
  alice.end()
  expect([subscriptions.size, alice.heard, upstreams.subscribed]).toEqual([0, [], []])
  // And it may be tried again.
  upstreams.onSubscribe = () => Promise.resolve()
  await add(alice)
  expect(upstreams.subscribed).toEqual(['alice files a:b'])
})

test.each(['ends', 'lets go'])(
  'a client that %s while the server is asked has the server let go of it once it took it [subscriptions/race]',
  async (how) => {
    const { subscriptions, upstreams, add, updated } = open()
    const taken = Promise.withResolvers<void>()
    upstreams.onSubscribe = () => taken.promise
    const alice = client()
    const adding = add(alice)
    if (how === 'ends') alice.end()
    else subscriptions.remove(alice.subscriber, 'a:b')
    updated('a:b', '{"uri":"a:b"}')
    // Not before it is there: the count of another client would go down.
    expect([subscriptions.size, alice.heard]).toEqual([0, []])
    taken.resolve()
    await adding
    expect([subscriptions.size, upstreams.subscribed]).toEqual([0, []])
  },
)

test('a client that lets go and comes back while the server is asked watches once [subscriptions/race]', async () => {
  const { subscriptions, upstreams, add, updated } = open()
  const taken = Promise.withResolvers<void>()
  upstreams.onSubscribe = () => taken.promise
  const alice = client()
  const first = add(alice)
  subscriptions.remove(alice.subscriber, 'a:b')
  const second = add(alice)
  taken.resolve()
  await Promise.all([first, second])
  updated('a:b', '{"uri":"a:b"}')
  expect(upstreams.subscribed).toEqual(['alice files a:b'])
  expect(alice.heard).toHaveLength(1)
  alice.end()
  expect(upstreams.subscribed).toEqual([])
})

test('a client that ended while the server refused leaves nothing behind', async () => {
  const { subscriptions, upstreams, add } = open()
  const taken = Promise.withResolvers<void>()
  upstreams.onSubscribe = () => taken.promise
  const alice = client()
  const adding = add(alice)
  alice.end()
  taken.reject(new AppError('server_lost', 'gone'))
  await expect(adding).rejects.toMatchObject({ code: 'server_lost' })
  expect([subscriptions.size, upstreams.subscribed]).toEqual([0, []])
})

test('a client that is over already watches nothing', async () => {
  const { subscriptions, upstreams, add } = open()
  const gone = client()
  const subscriber = { ...gone.subscriber, onEnd: (told: () => void) => told() }
  await expect(add({ ...gone, subscriber })).rejects.toMatchObject({ code: 'cancelled' })
  expect([subscriptions.size, upstreams.subscribed]).toEqual([0, []])
})

test('news reach everyone who watches over that session, and nobody else [subscriptions/own]', async () => {
  const { upstreams, add, updated } = open()
  const [one, two, other, bob] = [client(), client(), client(), client(testPrincipal('bob'))]
  await Promise.all([add(one), add(two), add(other, 'c:d'), add(bob)])
  updated('a:b', '{"uri":"a:b","n":1.0}')
  const news = 'notifications/resources/updated {"uri":"a:b","n":1.0}'
  expect([one.heard, two.heard, other.heard, bob.heard]).toEqual([[news], [news], [], []])
  one.end()
  updated('a:b', '{"uri":"a:b"}')
  expect([one.heard.length, two.heard.length]).toEqual([1, 2])
  two.end()
  bob.end()
  expect(upstreams.subscribed).toEqual(['alice files c:d'])
})

test('news of a resource with another public name come under that name [subscriptions/names]', async () => {
  const { add, updated } = open()
  const alice = client()
  await add(alice, 'files+a:b', 'a:b')
  updated('a:b', '{"x":1.0,"uri":"a:b"}')
  updated('files+a:b', '{"uri":"files+a:b"}')
  expect(alice.heard).toEqual(['notifications/resources/updated {"x":1.0,"uri":"files+a:b"}'])
})

test('one client watches a resource once, however often it asks', async () => {
  const { subscriptions, upstreams, add } = open()
  const alice = client()
  await Promise.all([add(alice), add(alice)])
  expect([subscriptions.size, upstreams.subscribed.length]).toEqual([1, 1])
  subscriptions.remove(alice.subscriber, 'a:b')
  subscriptions.remove(alice.subscriber, 'a:b')
  subscriptions.remove(client().subscriber, 'a:b')
  expect([subscriptions.size, upstreams.subscribed]).toEqual([0, []])
})

test('one client may watch so many resources and no more [subscriptions/bounded]', async () => {
  const { subscriptions, add } = open()
  const alice = client()
  for (let at = 0; at < 1_000; at += 1) await add(alice, `a:${at}`)
  await expect(add(alice, 'a:over')).rejects.toMatchObject({ code: 'overloaded' })
  await add(client(), 'a:over')
  alice.end()
  expect(subscriptions.size).toBe(1)
})

test('who is told stays told where sessions are shared otherwise from now on', async () => {
  const { subscriptions, upstreams, add, updated } = open()
  const alice = client()
  await add(alice)
  upstreams.keyOf = () => '*'
  subscriptions.rekey()
  updated('a:b', '{"uri":"a:b"}')
  expect(alice.heard).toEqual([])
  updated('a:b', '{"uri":"a:b"}', '*')
  expect(alice.heard).toHaveLength(1)
  subscriptions.remove(alice.subscriber, 'a:b')
  updated('a:b', '{"uri":"a:b"}', '*')
  expect([alice.heard.length, subscriptions.size, upstreams.subscribed]).toEqual([1, 0, []])
})

test('who does not see a resource any more hears nothing of it, and its server need not watch it [tenancy/sight/live]', async () => {
  let hidden = ''
  const { upstreams, add, updated, subscriptions } = open(({ shownUri }) => shownUri !== hidden)
  const alice = client()
  await add(alice, 'a:b')
  await add(alice, 'a:c')
  hidden = 'a:b'
  updated('a:b', '{"uri":"a:b"}')
  updated('a:c', '{"uri":"a:c"}')
  expect(alice.heard).toEqual(['notifications/resources/updated {"uri":"a:c"}'])
  expect([subscriptions.size, upstreams.subscribed]).toEqual([1, ['alice files a:c']])
})
