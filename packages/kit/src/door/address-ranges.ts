import { BlockList, isIP } from 'node:net'
import { AppError } from '../errors.ts'
import { normaliseAddress } from '../http/index.ts'

/** Ranges of addresses, such as `10.0.0.0/8`, `fd00::/8` or single addresses. */
export class AddressRanges {
  readonly #list = new BlockList()
  readonly #isEmpty: boolean

  /**
   * @param key of the configuration, for the message
   * @throws {AppError} `config_invalid`
   */
  constructor(key: string, ranges: readonly string[]) {
    this.#isEmpty = ranges.length === 0
    for (const range of ranges) this.#add(key, range)
  }

  /** Whether an address is in one of them; a name or `local` is in none. */
  includes(address: string): boolean {
    if (this.#isEmpty) return false
    const normal = normaliseAddress(address)
    const version = isIP(normal)
    return version !== 0 && this.#list.check(normal, version === 6 ? 'ipv6' : 'ipv4')
  }

  #add(key: string, range: string): void {
    const [text = '', bits, ...rest] = range.split('/')
    const address = normaliseAddress(text)
    const version = isIP(address)
    // A mapped address counts its prefix from the start of the IPv6 form.
    const mapped = version === 4 && text.includes(':') ? 96 : 0
    const width = version === 4 ? 32 : 128
    const prefix = bits === undefined ? width : Number(bits) - mapped
    const digits = bits === undefined || /^\d{1,3}$/.test(bits)
    if (version === 0 || rest.length > 0 || !digits || prefix < 0 || prefix > width) {
      throw new AppError(
        'config_invalid',
        `${key}: "${range}" must be an address range such as 10.0.0.0/8 or fd00::/8`,
      )
    }
    this.#list.addSubnet(address, prefix, version === 4 ? 'ipv4' : 'ipv6')
  }
}
