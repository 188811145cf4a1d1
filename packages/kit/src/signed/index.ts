export { parsePublicKey, toPem } from './ed25519-key.ts'
export { type DocumentVerdict, judgeDocument } from './judge-document.ts'
export { type DocumentSignature, DocumentSigner } from './sign-document.ts'
