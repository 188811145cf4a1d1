import type { Shown } from '../../routing/scope-view.ts'

/** The tool of the gateway itself that reads kept results. */
export const READ_MORE = 'sallyport__read_more'

const whole = (minimum: number, description: string) => ({ type: 'integer', minimum, description })

const DEFINITION = {
  name: READ_MORE,
  title: 'Read more of a result',
  description:
    'Reads a part of a result that was too large to be given at once. Call it with the handle that came in place of the result, then again with `offset` set to `next` until that is null; the parts put together are the JSON text of the result.',
  inputSchema: {
    type: 'object',
    properties: {
      handle: { type: 'string', description: 'The handle that came in place of the result.' },
      offset: whole(0, 'Where the part begins, in bytes; 0 by default.'),
      bytes: whole(1, 'How many bytes to read; as many as are given at once by default.'),
    },
    required: ['handle'],
    additionalProperties: false,
  },
  outputSchema: {
    type: 'object',
    properties: {
      offset: whole(0, 'Where this part begins.'),
      bytes: whole(0, 'How many bytes of the result it holds.'),
      next: {
        type: ['integer', 'null'],
        description: 'Where the next part begins; null after the last one.',
      },
      total: whole(0, 'Bytes of the whole result.'),
    },
    required: ['offset', 'bytes', 'next', 'total'],
  },
  annotations: {
    title: 'Read more of a result',
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
}

const BYTES = Buffer.from(JSON.stringify(DEFINITION))

/** How lists show it. */
export const READ_MORE_TOOL: Shown = {
  ...{ server: 'sallyport', key: READ_MORE, modern: true },
  bytes: () => BYTES,
}
