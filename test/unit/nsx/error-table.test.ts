/** NSX's error codes: what each means, by code and status as NSX's documentation and open clients have them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CODES } from '../../../src/cli/codes/index.ts'
import { ERROR_TABLE, meaningOf } from '../../../src/nsx/error-table.ts'
import { nsxError } from '../../../src/nsx/errors.ts'

const POLICY = 'https://nsx/policy/api/v1/infra/domains/default/groups/g'
const SEARCH = 'https://nsx/policy/api/v1/search/query'

const ROWS: readonly (readonly [number, number | undefined, string, string])[] = [
  [400, 60508, SEARCH, 'retry NSX_SEARCH_NOT_READY give-up'],
  [400, 60514, SEARCH, 'retry NSX_SEARCH_NOT_READY give-up'],
  [400, 60515, SEARCH, 'retry NSX_SEARCH_NOT_READY give-up'],
  [400, 255, SEARCH, 'retry NSX_PAGE_TOO_LARGE give-up'],
  [503, 60576, SEARCH, 'retry NSX_PAGE_TOO_LARGE give-up'],
  [400, 255, POLICY, 'needs-person NSX_BAD_REQUEST give-up'],
  [400, 500045, POLICY, 'retry NSX_PENDING_DELETE give-up'],
  [400, 500030, POLICY, 'retry NSX_IN_USE give-up'],
  [400, 500087, POLICY, 'retry NSX_REVISION give-up'],
  [400, 500232, POLICY, 'retry NSX_REVISION give-up'],
  [400, 100148, POLICY, 'retry NSX_REVISION give-up'],
  [404, 500090, POLICY, 'retry NSX_REVISION give-up'],
  [409, undefined, POLICY, 'retry NSX_CONFLICT give-up'],
  [412, 604, POLICY, 'retry NSX_REVISION give-up'],
  [403, 98, POLICY, 'needs-person NSX_UNAUTHORIZED sign-in'],
  [403, 403, POLICY, 'needs-person NSX_UNAUTHORIZED sign-in'],
  [401, undefined, POLICY, 'needs-person NSX_UNAUTHORIZED sign-in'],
  [403, 289, POLICY, 'needs-person NSX_FORBIDDEN give-up'],
  [403, 505, POLICY, 'needs-person NSX_LICENSE give-up'],
  [404, 202, POLICY, 'wait-for NSX_NOT_FOUND give-up'],
  [404, 600, POLICY, 'wait-for NSX_NOT_FOUND give-up'],
  [500, 98, POLICY, 'retry NSX_SERVER_ERROR elsewhere'],
  [500, 99, POLICY, 'needs-person NSX_UNAUTHORIZED sign-in'],
  [500, 607, POLICY, 'retry NSX_SERVER_ERROR again'],
  [500, undefined, POLICY, 'retry NSX_SERVER_ERROR give-up'],
  [400, 8327, POLICY, 'needs-person NSX_BAD_REQUEST give-up'],
  [400, 660005, POLICY, 'needs-person NSX_BAD_REQUEST give-up'],
  [429, undefined, POLICY, 'retry NSX_THROTTLED again'],
  [429, 102, POLICY, 'retry NSX_THROTTLED again'],
  [503, 98, POLICY, 'retry NSX_SERVER_ERROR elsewhere'],
  [502, undefined, POLICY, 'retry NSX_SERVER_ERROR elsewhere'],
  [504, 0, POLICY, 'retry NSX_SERVER_ERROR elsewhere'],
]

for (const [status, errorCode, subject, expected] of ROWS)
  test(`${status} ${errorCode ?? 'without a code'} of ${subject.includes('/search/') ? 'search' : 'policy'}: ${expected}`, () => {
    const { kind, code, next } = meaningOf(status, errorCode, subject)
    assert.equal(`${kind} ${code} ${next}`, expected)
    const body = JSON.stringify({
      ...(errorCode === undefined ? {} : { error_code: errorCode }),
      error_message: 'so',
    })
    const error = nsxError(status, { 'retry-after': '3' }, body, subject, 0)
    assert.equal(`${error.kind} ${error.code} ${error.next}`, expected)
    assert.equal(error.retryAfterMs, 3_000)
    assert.equal(error.isFromNsx, errorCode !== undefined)
  })

test('every code of the table is explained', () => {
  assert.deepEqual(
    ERROR_TABLE.map(({ code }) => code).filter((code) => CODES[code] === undefined),
    [],
  )
})
