import manifest from '../package.json' with { type: 'json' }

/** The version of the command, as its package declares it. */
export const VERSION: string = manifest.version

const inCheckout = import.meta.url.endsWith('.ts')

/** How a person calls this very program, for hints that can be pasted. */
export const COMMAND = inCheckout ? 'node_modules/.bin/sallyport' : 'sallyport'
