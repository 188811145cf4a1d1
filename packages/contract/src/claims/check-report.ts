import type { ClaimsOf } from './claim.ts'

/** The forms of a report. */
export const CHECK_REPORT = {
  'check/report/text': {
    behavior:
      'The text of a report has what fails first, with its remedy, and the verdict last; items with one cause stand together.',
    source: 'design §8',
  },
  'check/report/attest': {
    behavior:
      'What a person is asked stands apart, with the command to type; so does what waits for a part that is to come.',
    source: 'seeds S 194-215',
  },
  'check/report/terminal': {
    behavior:
      'Text is broken at the width of the terminal, commands to paste are not, and without colours nothing but letters and signs is printed.',
    source: 'no-color.org; design §8',
  },
  'check/report/junit': {
    behavior:
      'As JUnit XML a failed item is a failure, an unproved one an error and one that does not apply skipped, and any text is well-formed.',
    source: 'Jenkins JUnit plugin, "Test report format"; XML 1.0 §2.2',
  },
  'check/report/sarif': {
    behavior:
      'As SARIF 2.1.0 each item is a rule, what fails is an error with its remedy and the place that evidence names, and what is unproved is open.',
    source: 'OASIS SARIF 2.1.0 §3.27.9, §3.27.10, §3.28',
  },
  'check/report/html/alone': {
    behavior:
      'The HTML report is one file that loads, sends and frames nothing, and says so by a policy under which its style and its script run.',
    source: 'W3C Content Security Policy Level 3 §2.3, §8.4',
  },
  'check/report/html/escaped': {
    behavior: 'Whatever evidence, titles and names hold, none of it is markup in the HTML report.',
    source: 'OWASP ASVS 5.0, "Encoding and Sanitization", 1.2.1',
  },
  'check/report/html/pages': {
    behavior:
      'The HTML report has what fails first, a page for each document with its items in their order, the drill calendar, attestations by their end, and sign-offs.',
    source: 'seeds S 173, S 194-215; MCP Hangar, recipe 13',
  },
  'check/report/html/accessible': {
    behavior:
      '`axe` finds nothing to object to in the HTML report, in light and dark, wide and narrow, and each state is told by a word and a sign.',
    source: 'WCAG 2.2, 1.4.1, 1.4.3, 1.4.10',
  },
  'check/report/html/scripts': {
    behavior:
      'The HTML report is whole without scripts; with them items are found by state and by words.',
    source: 'design §8',
  },
  'check/report/html/size': {
    behavior:
      'The HTML report grows with its items alone: twice the items are at most twice the page.',
    source: 'design §6',
  },
} as const satisfies ClaimsOf<'check'>
