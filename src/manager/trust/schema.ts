/** A principal identity's fields (vcf-nsx 9.1.1, PrincipalIdentity). */
import { z } from 'zod'
import { badRequest, type JsonObject } from '../rest/index.ts'

const name = z
  .string()
  .max(255)
  .regex(/^[a-zA-Z0-9]+([-._]?[a-zA-Z0-9]+)*$/, {
    error: 'must be letters and digits with one of -._ between',
  })
const role = z
  .string()
  .max(255)
  .regex(/^[_a-z0-9-]+$/, { error: 'must be lower-case letters, digits, - and _' })

const Identity = z
  .looseObject({
    name,
    node_id: name,
    role: role.optional(),
    roles_for_paths: z
      .array(z.looseObject({ path: z.string(), roles: z.array(z.looseObject({ role })) }))
      .max(1_000)
      .optional(),
    is_protected: z.boolean().optional(),
    certificate_pem: z.string().optional(),
    certificate_id: z.string().optional(),
    display_name: z.string().max(255).optional(),
    description: z.string().max(1_024).optional(),
    tags: z
      .array(z.looseObject({ scope: z.string().max(128).optional(), tag: z.string().max(256).optional() }))
      .max(30)
      .optional(),
  })
  .refine((body) => body.certificate_pem !== undefined || body.certificate_id !== undefined, {
    error: 'certificate_pem or certificate_id is required',
  })

/** Throws 400 naming the first wrong property. */
export function checkIdentity(body: JsonObject): void {
  const result = Identity.safeParse(body)
  if (result.success) return
  const [issue] = result.error.issues
  throw badRequest(
    `Field level validation errors: {property ${issue?.path.map(String).join('.') || 'body'}: ${issue?.message ?? 'invalid'}}`,
  )
}
