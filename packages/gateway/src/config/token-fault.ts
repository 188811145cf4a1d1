import { judgeToken } from '@sallyport/kit/door'

/** Why a static token is refused; `undefined` = it is good enough. The token is not part of it. */
export function tokenFault(text: string): { message: string; remedy: string } | undefined {
  const fault = judgeToken(text)
  if (fault === undefined) return undefined
  const [reason, ...remedy] = fault.split('; ')
  return { message: `the token ${reason}`, remedy: remedy.join('; ') }
}
