/** The kubeconfig that the adapter runs with: the API server's address and authority, and a token in a file beside it. Pure. */
import { parse } from 'yaml'
import type { Access } from '../access.ts'

const NAME = 'antrea-nsx-adapter'

/** `tokenFile` is beside the kubeconfig: kubectl and the adapter both take a path relative to it. */
export function kubeconfigText(
  access: Pick<Access, 'origin' | 'basePath' | 'tls'>,
  tokenFile: string,
): string {
  const { origin, basePath = '', tls } = access
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': NAME,
    clusters: [
      {
        name: NAME,
        cluster: {
          server: `${origin}${basePath}`,
          ...(tls.ca === undefined
            ? {}
            : { 'certificate-authority-data': Buffer.from(tls.ca).toString('base64') }),
          ...(tls.servername === undefined ? {} : { 'tls-server-name': tls.servername }),
        },
      },
    ],
    users: [{ name: NAME, user: { tokenFile } }],
    contexts: [{ name: NAME, context: { cluster: NAME, user: NAME } }],
  }
  return `${JSON.stringify(config, null, 2)}\n`
}

type Fields = Readonly<Record<string, unknown>>

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {}

/** The one of this name in a kubeconfig's list, whatever stands there. */
const named = (list: unknown, name: unknown): Fields =>
  fieldsOf(Array.isArray(list) ? list.find((one) => fieldsOf(one)['name'] === name) : undefined)

/** The token file of a kubeconfig's user, as it is written there; undefined where it has none. */
export function tokenFileOf(text: string, contextName?: string): string | undefined {
  const config = fieldsOf(parse(text, { logLevel: 'error', prettyErrors: false }))
  const context = fieldsOf(named(config['contexts'], contextName ?? config['current-context'])['context'])
  const file = fieldsOf(named(config['users'], context['user'])['user'])['tokenFile']
  return typeof file === 'string' && file !== '' ? file : undefined
}
