/** Checks that policies and groups share. Each gives the refusal in Antrea's words, or undefined. */
import { contains, isMulticast, masked, parseBlock } from '../addresses.ts'
import type { IpBlock, LabelSelector } from '../model.ts'
import { labelValueFaults, qualifiedNameFaults } from './labels.ts'

export type Refusal = string | undefined

/** The first refusal of many checks, in order. */
export function firstOf(...checks: readonly (() => Refusal)[]): Refusal {
  for (const check of checks) {
    const refusal = check()
    if (refusal !== undefined) return refusal
  }
  return undefined
}

export function firstIn<T>(items: readonly T[] | undefined, check: (item: T) => Refusal): Refusal {
  for (const item of items ?? []) {
    const refusal = check(item)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

/** Fields that are set in Go's sense: an empty list is, an empty string is not. */
export const fieldsSet = (value: object): number =>
  Object.values(value).filter((field) => field !== undefined && field !== '').length

/** matchLabels only: expressions are the schema's matter. */
export const checkSelectors = (...selectors: readonly (LabelSelector | undefined)[]): Refusal =>
  firstIn(selectors, (selector) =>
    firstIn(Object.entries(selector?.matchLabels ?? {}), ([key, value]) => {
      const wrongKey = qualifiedNameFaults(key)
      if (wrongKey.length > 0) return `Invalid label key: ${key}: ${wrongKey.join('; ')}`
      const wrongValue = labelValueFaults(value)
      return wrongValue.length > 0 ? `Invalid label value: ${value}: ${wrongValue.join('; ')}` : undefined
    }),
  )

/** A CIDR, and exceptions that lie in it and are smaller. */
export function checkIpBlock({ cidr, except }: IpBlock): Refusal {
  if (cidr === undefined || cidr === '') return "field 'cidr' is required in an ipBlock"
  const block = parseBlock(cidr)
  if (block === undefined) return `invalid CIDR address: ${cidr}`
  return firstIn(except, (text) => {
    const inner = parseBlock(text)
    if (inner === undefined) return `invalid except CIDR value: invalid CIDR address: ${text}`
    return contains(block, masked(inner).address) && block.bits < inner.bits
      ? undefined
      : `except CIDR ${text} is not a strict subset of CIDR ${cidr}`
  })
}

/** Of a block that has passed `checkIpBlock`. */
export const isMulticastBlock = ({ cidr }: IpBlock): boolean => {
  const block = parseBlock(cidr ?? '')
  return block !== undefined && isMulticast(block.address)
}
