import type { ServerResponse } from 'node:http'

/** Answers Slack. */
export function sendAnswer(
  res: ServerResponse,
  answer: { readonly type: 'text/plain'; readonly body: string },
  requestId: string,
): void {
  res.statusCode = 200
  res.setHeader('content-type', `${answer.type}; charset=utf-8`)
  res.setHeader('content-length', Buffer.byteLength(answer.body))
  res.setHeader('cache-control', 'no-store')
  res.setHeader('x-content-type-options', 'nosniff')
  res.setHeader('x-request-id', requestId)
  res.end(answer.body)
}
