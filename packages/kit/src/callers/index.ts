export { CALLER_HEADER, type AssertedCaller } from './caller-claims.ts'
export { CallerJudge, type CallerJudgeOptions } from './caller-judge.ts'
export { CallerSigner } from './caller-signer.ts'
export { toPrincipal } from './to-principal.ts'
