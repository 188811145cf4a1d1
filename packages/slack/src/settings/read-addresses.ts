import {
  CALLBACK_PATH,
  isSlack,
  judgePublic,
  judgeRedirect,
  judgeSlackUrl,
  publicUrlOf,
} from '@sallyport/contract/config'
import { isLoopback } from '@sallyport/kit/http'
import { host, webUrl, wholeNumber } from './fields.ts'
import type { SlackSettings } from './settings.ts'
import type { VariableReader } from './variable-reader.ts'

const API_URL = 'https://slack.com/api'
const AUTHORIZE_URL = 'https://slack.com/oauth/v2/authorize'
const CALLS_MAX = 1_000_000

type Addresses = Pick<
  SlackSettings,
  'listen' | 'publicUrl' | 'redirectUri' | 'apiUrl' | 'authorizeUrl' | 'testCallsPerMinute'
>

/** Where the server is, where Slack is, and whether both may be there. Undefined where something was refused. */
export function readAddresses(reader: VariableReader): Addresses | undefined {
  const listen = readListen(reader)
  const own = readOwn(reader)
  const slack = readSlack(reader)
  if (listen === undefined || own === undefined || slack === undefined) return undefined
  if (!isLoopback(listen.host) && !own.publicUrl.startsWith('https:')) {
    const message =
      'is not loopback, and PUBLIC_BASE_URL is not https: tokens may travel in the clear'
    const remedy = 'put a TLS proxy in front and set PUBLIC_BASE_URL to its https address'
    reader.warn('HOST', { message, remedy })
  }
  return { listen, ...own, ...slack }
}

function readListen(reader: VariableReader): Addresses['listen'] | undefined {
  const address = reader.read('HOST', host)
  const bounds = { min: 0, max: 65_535, fallback: 8_080, unit: 'a port' }
  const port = reader.read('PORT', wholeNumber(bounds))
  return address === undefined || port === undefined ? undefined : { host: address, port }
}

function readOwn(reader: VariableReader): Pick<Addresses, 'publicUrl' | 'redirectUri'> | undefined {
  const remedy = `set it to the public https address with the path ${CALLBACK_PATH}, as at your Slack app`
  const redirectUri = reader.require('SLACK_REDIRECT_URI', webUrl, remedy)
  const given = reader.read('PUBLIC_BASE_URL', webUrl)
  const faults = [
    judgeAs(reader, 'SLACK_REDIRECT_URI', redirectUri),
    judgeAs(reader, 'PUBLIC_BASE_URL', given),
  ]
  if (redirectUri === undefined || faults.includes(true)) return undefined
  if (given === undefined && reader.text('PUBLIC_BASE_URL') !== undefined) return undefined
  const publicUrl = given ?? publicUrlOf(redirectUri) ?? new URL(redirectUri).origin
  const fault = judgeRedirect(redirectUri, publicUrl)
  if (fault !== undefined) {
    reader.refuse('SLACK_REDIRECT_URI', fault)
    return undefined
  }
  if (new URL(redirectUri).origin !== new URL(publicUrl).origin) {
    const message =
      'is another origin than PUBLIC_BASE_URL: an installation begun at one does not end at the other'
    reader.warn('SLACK_REDIRECT_URI', { message, remedy: 'use the same host and port in both' })
  }
  return { publicUrl, redirectUri }
}

/** Whether it was refused. */
function judgeAs(reader: VariableReader, name: string, url: string | undefined): boolean {
  const fault = url === undefined ? undefined : judgePublic(url)
  if (fault !== undefined) reader.refuse(name, fault)
  return fault !== undefined
}

function readSlack(
  reader: VariableReader,
): Pick<Addresses, 'apiUrl' | 'authorizeUrl' | 'testCallsPerMinute'> | undefined {
  const allows = reader.text('SALLYPORT_ALLOW_TEST_HOSTS') === '1'
  const read = (name: string, fallback: string): string | undefined => {
    const url = reader.text(name) === undefined ? fallback : reader.read(name, webUrl)
    const fault = url === undefined ? undefined : judgeSlackUrl(url, allows)
    if (fault === undefined) return url
    reader.refuse(name, fault)
    return undefined
  }
  const apiUrl = read('SLACK_API_URL', API_URL)
  const authorizeUrl = read('SLACK_AUTHORIZE_URL', AUTHORIZE_URL)
  if (apiUrl === undefined || authorizeUrl === undefined) return undefined
  return { apiUrl: `${apiUrl}/`, authorizeUrl, testCallsPerMinute: readTestCalls(reader, apiUrl) }
}

function readTestCalls(reader: VariableReader, apiUrl: string): number | undefined {
  const name = 'SLACK_TEST_CALLS_PER_MINUTE'
  if (reader.text(name) === undefined) return undefined
  if (isSlack(apiUrl)) {
    const message = 'is for tests, and SLACK_API_URL is Slack itself'
    reader.refuse(name, { message, remedy: 'unset it' })
    return undefined
  }
  return reader.read(name, wholeNumber({ min: 1, max: CALLS_MAX, fallback: 1, unit: 'calls' }))
}
