/** /convert/ippool: IPPools between v1alpha2, where every range has its subnet, and v1beta1 (ConversionReview v1). */
import { TransportError } from '../../errors.ts'
import { STANDIN_REVIEW_BYTES_MAX } from '../../limits.ts'
import type { ServerRequest, ServerResponse } from '../../world/index.ts'
import { parseAddress } from './addresses.ts'
import { type Fields, isFields, json } from './serve/index.ts'

const OLD = 'crd.antrea.io/v1alpha2'
const NEW = 'crd.antrea.io/v1beta1'
const SUBNET_FIELDS = ['gateway', 'prefixLength', 'vlan'] as const

const fieldsIn = (value: unknown): Fields[] => (Array.isArray(value) ? value.filter(isFields) : [])
const pick = (fields: Fields, keys: readonly string[]): Fields =>
  Object.fromEntries(keys.filter((key) => key in fields).map((key) => [key, fields[key]]))
const without = (fields: Fields, keys: readonly string[]): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([key]) => !keys.includes(key)))

class Unconvertible extends Error {}

/** All ranges have to be in one subnet. */
function upward(spec: Fields): Fields {
  const ranges = fieldsIn(spec['ipRanges'])
  const subnets = new Set(ranges.map((range) => JSON.stringify(SUBNET_FIELDS.map((key) => range[key] ?? 0))))
  if (subnets.size > 1)
    throw new Unconvertible(
      // The word twice is Antrea's.
      'failed to convert IPPool from version v1alpha2 to to version v1beta1 because the original ipRanges have different subnet information',
    )
  return {
    ...without(spec, ['ipVersion']),
    ipRanges: ranges.map((range) => without(range, SUBNET_FIELDS)),
    subnetInfo: pick(ranges[0] ?? {}, SUBNET_FIELDS),
  }
}

function downward(spec: Fields): Fields {
  const subnet = isFields(spec['subnetInfo']) ? pick(spec['subnetInfo'], SUBNET_FIELDS) : {}
  const gateway = parseAddress(String(subnet['gateway'] ?? ''))
  return {
    ...without(spec, ['subnetInfo']),
    ipVersion: gateway?.kind() === 'ipv6' ? 6 : 4,
    ipRanges: fieldsIn(spec['ipRanges']).map((range) => ({ ...range, ...subnet })),
  }
}

/** The object in the version wanted. Throws when there is no way to it. */
export function convertIpPool(object: Fields, apiVersion: string): Fields {
  const from = object['apiVersion']
  if (from === apiVersion) return object
  const spec = isFields(object['spec']) ? object['spec'] : {}
  if (from === OLD && apiVersion === NEW) return { ...object, apiVersion, spec: upward(spec) }
  if (from === NEW && apiVersion === OLD) return { ...object, apiVersion, spec: downward(spec) }
  throw new Unconvertible(`unexpected conversion version "${apiVersion}"`)
}

/** Answers a ConversionReview. The API server sends no client certificate here. */
export async function serveConversion(request: ServerRequest): Promise<ServerResponse> {
  let review: unknown
  try {
    review = JSON.parse(Buffer.from(await request.body(STANDIN_REVIEW_BYTES_MAX)).toString('utf8'))
  } catch (error) {
    const status = error instanceof TransportError ? 413 : 400
    return { status, headers: { 'content-type': 'text/plain' }, body: 'the body is not a ConversionReview\n' }
  }
  const asked = isFields(review) ? review['request'] : undefined
  if (!isFields(review) || !isFields(asked) || typeof asked['uid'] !== 'string')
    return {
      status: 400,
      headers: { 'content-type': 'text/plain' },
      body: 'the body is not a ConversionReview\n',
    }
  return json(200, {
    kind: review['kind'],
    apiVersion: review['apiVersion'],
    response: {
      uid: asked['uid'],
      ...converted(fieldsIn(asked['objects']), String(asked['desiredAPIVersion'])),
    },
  })
}

function converted(objects: readonly Fields[], apiVersion: string): Fields {
  try {
    const convertedObjects = objects.map((object) => convertIpPool(object, apiVersion))
    return { convertedObjects, result: { status: 'Success' } }
  } catch (error) {
    if (!(error instanceof Unconvertible)) throw error
    return { convertedObjects: [], result: { status: 'Failure', message: error.message } }
  }
}
