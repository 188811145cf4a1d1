export { LiveInstallations, type LiveInstallationsOptions } from './live-installations.ts'
export type { RefreshAnswer, SpendRefreshToken } from './refresh-answer.ts'
export type {
  Grant,
  Installation,
  Installations,
  IssuedToken,
  Revocation,
  TokenKind,
  TokenRefusal,
} from './installation.ts'
export type { Place } from './installation-cache.ts'
