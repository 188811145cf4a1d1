import { keyCreated } from '@sallyport/contract/admin'
import type { GatewayView } from '@sallyport/checklist'
import type { KeyTarget, KeyWish } from '@sallyport/checklist/drills'
import { callSocket, type SocketRequest } from '@sallyport/kit/lifecycle'
import { Secret } from '@sallyport/kit/secret'

const KEYS = '/api/v1/keys'
const ASK_MS = 15_000

/** The door of the gateway that runs, for drills with keys that are made for them over its local socket. */
export class LiveKeys implements KeyTarget {
  readonly dataUrl: string
  readonly adminUrl: string
  readonly #socket: string

  /** @param socket path of the local socket */
  constructor(socket: string, { dataUrl, adminUrl }: Pick<GatewayView, 'dataUrl' | 'adminUrl'>) {
    this.#socket = socket
    this.dataUrl = dataUrl
    this.adminUrl = adminUrl
  }

  async createKey(wish: KeyWish, signal: AbortSignal): Promise<{ id: string; key: Secret }> {
    const made = await this.#ask({ method: 'POST', url: KEYS, body: wish }, signal)
    const { id, key } = keyCreated.parse(made)
    return { id, key: new Secret(key) }
  }

  async rotateKey(id: string, overlapMs: number, signal: AbortSignal): Promise<Secret> {
    const url = `${KEYS}/${encodeURIComponent(id)}/rotate`
    const made = await this.#ask({ method: 'POST', url, body: { overlapMs } }, signal)
    return new Secret(keyCreated.parse(made).key)
  }

  async revokeKey(id: string, signal: AbortSignal): Promise<void> {
    await this.#ask({ method: 'DELETE', url: `${KEYS}/${encodeURIComponent(id)}` }, signal)
  }

  #ask(
    asked: Pick<SocketRequest, 'method' | 'url' | 'body'>,
    signal: AbortSignal,
  ): Promise<unknown> {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(ASK_MS)])
    return callSocket({ ...asked, path: this.#socket, signal: bounded })
  }
}
