export { loadOrCreateKeyFile, readKeyFile } from './key-file.ts'
export { MasterKeys, type PurposeKeys } from './master-keys.ts'
export { Sealer } from './sealer.ts'
export { createMac } from './mac.ts'
