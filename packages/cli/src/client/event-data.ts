/**
 * The `data` of every event in a finished event stream, in order. Comments, ids and event names are
 * dropped.
 *
 * Source: WHATWG HTML, "Server-sent events", "Interpreting an event stream".
 */
export function eventData(text: string): string[] {
  const events: string[] = []
  let lines: string[] = []
  // What follows the last line break is no whole line.
  for (const line of text.split(/\r\n|\n|\r/).slice(0, -1)) {
    if (line === '') {
      if (lines.length > 0) events.push(lines.join('\n'))
      lines = []
    } else if (line === 'data' || line.startsWith('data:')) {
      lines.push(line.slice('data:'.length).replace(/^ /, ''))
    }
  }
  return events
}
