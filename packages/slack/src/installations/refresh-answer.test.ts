import { AppError } from '@sallyport/kit/errors'
import { describe, expect, test } from 'vitest'
import { refreshToken, type RefreshAnswer } from './refresh-answer.ts'

const PAIR = { access_token: 'xoxe.xoxb-2', refresh_token: 'xoxe-2', expires_in: 43_200 }

async function judge(body: unknown, kind: 'bot' | 'user' = 'bot') {
  const verdict = await refreshToken(
    async () => ({ ok: true, body }),
    kind,
    () => 1_000,
  )
  if (verdict.kind !== 'issued') return verdict
  const { token, refresh, ...rest } = verdict.token
  return { ...rest, token: token.reveal(), refresh: refresh?.reveal() }
}

const ISSUED = {
  ...{ token: 'xoxe.xoxb-2', refresh: 'xoxe-2' },
  ...{ expiresAtMs: 43_201_000, issuedAtMs: 1_000 },
}

describe('what Slack answers to a refresh', () => {
  test('the new pair stands at the top, that of a person with its type', async () => {
    expect(await judge({ ok: true, ...PAIR })).toEqual(ISSUED)
    expect(await judge({ ok: true, ...PAIR, token_type: 'bot' })).toEqual(ISSUED)
    expect(await judge({ ok: true, ...PAIR, token_type: 'user' }, 'user')).toEqual(ISSUED)
  })

  test('the pair of a person is taken where a first grant has it, and never that of the bot beside it', async () => {
    const bot = { access_token: 'xoxb-other', token_type: 'bot' }
    expect(await judge({ ok: true, ...bot, authed_user: { id: 'U1', ...PAIR } }, 'user')).toEqual(
      ISSUED,
    )
    expect(await judge({ ok: true, ...bot, authed_user: { id: 'U1' } }, 'user')).toMatchObject({
      kind: 'failed',
    })
    expect(await judge({ ok: true, ...PAIR, token_type: 'user' })).toMatchObject({ kind: 'failed' })
  })

  test('a token without an end or a refresh token is kept as it is', async () => {
    expect(await judge({ ok: true, access_token: 'xoxb-9' })).toEqual({
      ...{ token: 'xoxb-9', refresh: undefined, expiresAtMs: null, issuedAtMs: 1_000 },
    })
  })

  test.each([
    [{ ok: true }],
    [{ ...PAIR, access_token: '' }],
    [{ ...PAIR, expires_in: -1 }],
    ['html'],
  ])('anything else is tried again later: %j', async (body) => {
    expect(await judge(body)).toEqual({
      ...{ kind: 'failed', error: 'slack_protocol', retryAfterMs: 0 },
    })
  })

  test.each([
    ['invalid_refresh_token', 'dead'],
    ['token_revoked', 'dead'],
    ['account_inactive', 'dead'],
    ['bad_client_secret', 'failed'],
    ['internal_error', 'failed'],
    ['ratelimited', 'failed'],
  ])('%s means %s', async (error, kind) => {
    const answer: RefreshAnswer = { ok: false, error }
    expect(
      await refreshToken(
        async () => answer,
        'bot',
        () => 0,
      ),
    ).toMatchObject({ kind, error })
  })

  test('a Slack that cannot be reached is asked again when it says so, and what was thrown goes no further', async () => {
    const limited = new AppError('slack_rate_limited', 'later', { retryAfterMs: 30_000 })
    for (const [thrown, expected] of [
      [limited, { kind: 'failed', error: 'slack_rate_limited', retryAfterMs: 30_000 }],
      [new Error('xoxe-2 in a text'), { kind: 'failed', error: 'internal', retryAfterMs: 0 }],
    ] as const) {
      expect(
        await refreshToken(
          () => Promise.reject(thrown),
          'bot',
          () => 0,
        ),
      ).toEqual(expected)
    }
  })
})
