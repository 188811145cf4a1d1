const inCheckout = import.meta.url.endsWith('.ts')

/** Where the audit worker of the packed command lies; in a checkout the store knows its own. */
export const AUDIT_WORKER: URL | undefined = inCheckout
  ? undefined
  : new URL('./audit-worker.js', import.meta.url)
