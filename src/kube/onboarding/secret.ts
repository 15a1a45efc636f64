/** The Secret with the cluster's identity in NSX: names of entries and their texts, whatever they mean. */
import { needsPerson, retry } from '../../errors.ts'
import type { KubeClient } from '../contract.ts'
import { IDENTITY_SECRET, MANAGED_BY_LABEL, MANAGER } from '../marks.ts'
import { RESOURCES } from '../resources.ts'
import type { KubeObject } from '../types.ts'

interface Secret extends KubeObject {
  readonly type?: string
  readonly data?: Readonly<Record<string, string>>
}

export interface IdentitySecret {
  /** For people. */
  readonly where: string
  /** undefined without a Secret. Rejects with the client's errors. */
  read(signal?: AbortSignal): Promise<Readonly<Record<string, string>> | undefined>
  /** Rejects with REGISTRATION_CHANGED when somebody else wrote it since it was read. */
  write(texts: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<void>
  remove(signal?: AbortSignal): Promise<void>
}

export function createIdentitySecret(
  kube: KubeClient,
  namespace: string,
  name: string = IDENTITY_SECRET,
): IdentitySecret {
  const type = RESOURCES.secrets
  const where = `the Secret ${namespace}/${name}`
  let last: Secret | undefined
  const get = async (signal?: AbortSignal) => {
    last = await kube.get<Secret>(type, name, namespace, signal)
    return last
  }
  return {
    where,
    async read(signal) {
      const secret = await get(signal)
      return secret === undefined ? undefined : textsOf(secret)
    },
    async write(texts, signal) {
      const data = Object.fromEntries(
        Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
      )
      const options = signal === undefined ? {} : { signal }
      try {
        last =
          last === undefined
            ? await kube.create<Secret>(
                type,
                {
                  apiVersion: 'v1',
                  kind: 'Secret',
                  metadata: { name, namespace, labels: { [MANAGED_BY_LABEL]: MANAGER } },
                  type: 'Opaque',
                  data,
                },
                options,
              )
            : await kube.replace<Secret>(type, { ...last, data }, options)
      } catch (error) {
        const code = (error as { code?: string }).code
        if (code !== 'KUBE_CONFLICT' && code !== 'KUBE_ALREADY_EXISTS' && code !== 'KUBE_NOT_FOUND')
          throw error
        throw retry(
          'REGISTRATION_CHANGED',
          `${where} was changed by somebody else meanwhile; run this again: it goes on from what is there`,
          { cause: error },
        )
      }
    },
    async remove(signal) {
      const secret = await get(signal)
      if (secret !== undefined) await kube.delete(type, secret, signal === undefined ? {} : { signal })
      last = undefined
    },
  }
}

function textsOf({ data = {}, metadata }: Secret): Readonly<Record<string, string>> {
  if (Object.values(data).some((value) => typeof value !== 'string'))
    throw needsPerson('REGISTRATION_IDENTITY', `the Secret ${metadata.name} is malformed; register again`)
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
  )
}
