/**
 * The embedded Kubernetes API server of the sandbox: what kube-apiserver v1.36 answers where the adapter, the Antrea
 * stand-in and kubectl's everyday verbs meet it; everything else is refused in words. docs/sandbox-apiserver.md has the
 * table. Only the sandbox and tests come in here, through createApiServer.
 */
export { createApiServer } from './server.ts'
export type * from './types.ts'
