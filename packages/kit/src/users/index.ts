export { csrfTokenOf, judgePage, type OwnPage, type PageSigns } from './cross-site.ts'
export { LoginTokens, type LoginClaims, type LoginTokenKeys } from './login-tokens.ts'
export { NameThrottle } from './name-throttle.ts'
export { createPassword, PASSWORD_CHARACTERS, passwordFault } from './password-rules.ts'
export { PASSWORD_COST, type PasswordCost, Passwords, type PasswordVerdict } from './passwords.ts'
export {
  cookieName,
  createSessionSecret,
  hashSessionSecret,
  readCookie,
  setCookie,
} from './session-cookie.ts'
