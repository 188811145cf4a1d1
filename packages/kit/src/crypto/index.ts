export { createKeyCheck, judgeKeyCheck, type KeyCheckVerdict } from './key-check.ts'
export { loadOrCreateKeyFile } from './key-file.ts'
export { MasterKeys, type PurposeKeys } from './master-keys.ts'
export { Sealer } from './sealer.ts'
