import { AppError } from '@sallyport/kit/errors'
import { z } from 'zod'
import { askHttp } from './ask-http.ts'
import { parsedJson } from './parsed-text.ts'

const status = z.object({
  versionInfo: z.object({ version: z.string() }),
  config: z.object({ original: z.string() }),
})

/** What an Alertmanager says of itself. */
export interface AlertmanagerStatus {
  readonly version: string
  /** The configuration in force, as YAML; passwords are `<secret>`. */
  readonly config: string
}

/**
 * Asks an Alertmanager for its status. Source: Alertmanager, OpenAPI of its v2 API.
 *
 * @throws {AppError} `server_unavailable`, `server_unauthorized`, `server_protocol`, `deadline_exceeded`, `result_too_large`
 */
export async function alertmanagerStatus(
  url: string,
  signal: AbortSignal,
): Promise<AlertmanagerStatus> {
  const answer = await askHttp(`${url}/api/v2/status`, signal)
  if (answer.status === 401 || answer.status === 403) {
    const sentence = `${url}/api/v2/status answered ${answer.status}: it wants a login`
    throw new AppError('server_unauthorized', sentence)
  }
  if (answer.status !== 200) {
    throw new AppError('server_protocol', `${url}/api/v2/status answered ${answer.status}`)
  }
  const result = status.safeParse(parsedJson(answer.text))
  if (!result.success) {
    throw new AppError('server_protocol', `${url} does not answer as Alertmanager does`)
  }
  const { versionInfo, config } = result.data
  return { version: versionInfo.version, config: config.original }
}
