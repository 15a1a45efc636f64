/** Kinds of values that several groups of settings are made of. */
import { z } from 'zod'

export const text = z.string().min(1, 'must not be empty')
export const file = text.describe('FILE')

const fromText = (value: unknown): unknown =>
  typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value

/** A whole number; from the environment it comes as text. */
export const wholeNumber = (what: string, min: number, max: number) =>
  z.preprocess(
    fromText,
    z
      .number(`must be ${what}`)
      .int('must be a whole number')
      .min(min, `must be at least ${min}`)
      .max(max, `must be at most ${max}`),
  )

const listed = (value: unknown): unknown =>
  typeof value === 'string' ? value.split(',').map((one) => one.trim()) : value

/** One text or a list of them; commas stand between them in a flag or the environment. */
export const texts = (itemsMax: number) =>
  z.preprocess(
    listed,
    z
      .array(z.string('must be a text, or a list of texts').trim().min(1, 'must not be empty'), {
        error: ({ input }) => (input === undefined ? undefined : 'must be a text, or a list of texts'),
      })
      .min(1, 'must not be empty')
      .max(itemsMax, `must be at most ${itemsMax}`),
  )
