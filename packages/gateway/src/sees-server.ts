import type { Principal } from '@sallyport/kit/principal'

/** Whether a server or group of that name is there for that caller; what is not is as if it did not exist. */
export function seesServer({ sight }: Pick<Principal, 'sight'>, name: string): boolean {
  return sight?.rules.every(({ servers }) => servers?.includes(name) !== false) ?? true
}
