export {
  type FileKeys,
  loadOrCreateKeyFile,
  newMasterKey,
  readKeyFile,
  replaceKeyFile,
} from './key-file.ts'
export type { DerivedKeys, PurposeKeys } from './derived-keys.ts'
export {
  KeyRing,
  newRingKey,
  type RingContent,
  type RingKey,
  withKey,
  withFirst,
  withoutRetired,
} from './key-ring.ts'
export { MasterKeys } from './master-keys.ts'
export { Sealer } from './sealer.ts'
export { createMac } from './mac.ts'
