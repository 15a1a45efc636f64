/** The API server, the lease, the kubeconfig. */
import type { Entries } from './types.ts'

export const KUBE: Entries = {
  SECOND_ADAPTER: [
    'Another adapter keeps policy in this cluster',
    'Two adapters would undo each other, so nothing is written. Stop the other one, then run `antrea-nsx-adapter adopt`, which shows what it takes over before it does.',
  ],
  ADOPT_CHANGED: [
    'What can be adopted changed since it was shown',
    'Nothing was written. Run `antrea-nsx-adapter adopt` again. Is the other adapter still at work?',
  ],
  OBSERVING: [
    'The adapter observes and writes nothing',
    'Set `mode: enforce` in its configuration and start it again.',
  ],
  AGENT_UNKNOWN: [
    'An antrea-agent cannot be asked',
    'Its AntreaAgentInfo has no apiCABundle (before Antrea 1.13), or its Node has no InternalIP. Realization of Kubernetes policies on that node is not shown by flows.',
  ],
  KUBE_CONFLICT: ['Somebody else changed the object first', 'It is read again and tried anew.'],
  KUBE_NOT_FOUND: ['The object or the API is not there', 'It is looked for again.'],
  KUBE_ALREADY_EXISTS: ['An object of that name is there already', 'See NAME_CONFLICT if it is not ours.'],
  KUBE_UNAUTHORIZED: [
    'The API server does not know us',
    'Check the credentials in the kubeconfig; they are read again by themselves.',
  ],
  KUBE_ADMISSION_DENIED: [
    'An admission webhook, policy or plugin refuses the object',
    'The message names it and has its own words. The policy is held.',
  ],
  KUBE_INVALID: [
    'The API server takes the object for wrong',
    'The policy is held; please report the message.',
  ],
  KUBE_TOO_LARGE: ['The object or the list is over a limit', 'Split the policy or the group in NSX.'],
  KUBE_WEBHOOK_UNAVAILABLE: [
    'antrea-controller does not answer the API server',
    'See ANTREA_CONTROLLER_DOWN.',
  ],
  KUBE_WEBHOOK_FAILED: [
    "An admission webhook that is not Antrea's does not answer the API server",
    'It is tried again. The message names the webhook: check what serves it.',
  ],
  KUBE_WRITE_UNCERTAIN: [
    'The API server did not say in time whether a write was carried out',
    'The cluster is read again and shows it. If it lasts, look at etcd and at admission webhooks.',
  ],
  KUBE_QUOTA_EXCEEDED: [
    'A ResourceQuota leaves no room for the object',
    'Raise it in the namespace of the adapter or make room; it is tried again.',
  ],
  KUBE_UNKNOWN_FIELD: [
    "The cluster's CRD does not know a field",
    "The policy is held and stays as it last was. Upgrade Antrea's CRDs.",
  ],
  KUBE_THROTTLED: ['The API server asks to slow down', 'It is waited for as long as it asks.'],
  KUBE_SERVER_ERROR: [
    'The API server has a fault',
    'It is tried again. If it lasts, look at the API server.',
  ],
  KUBE_EXPIRED: ['What a watch asked for is compacted', 'The resource is listed anew. Nothing to do.'],
  LEASE_NOT_HELD: ['Only the leader writes', 'This instance does not hold the lease; it waits.'],
  KUBECONFIG_MISSING: ['The kubeconfig is not there', 'Check kube.kubeconfig.'],
  KUBE_NOT_IN_CLUSTER: [
    'There is no service account',
    'Set kube.kubeconfig; without it the adapter must run in a Pod.',
  ],
  KUBE_MALFORMED: [
    'The API server answers something that is not Kubernetes',
    'Check the server in the kubeconfig; a proxy or a login page may be between.',
  ],
  KUBE_FRAME_TRUNCATED: [
    'An answer of the API server ended within an object',
    'It is read again. If it lasts, look at proxies between that cut long answers.',
  ],
  KUBE_FRAME_TOO_LONG: [
    'The API server announced an object or a list over the adapter’s limit',
    'Check the server in the kubeconfig; etcd takes 1.5 MiB an object, so this is no API server’s answer.',
  ],
  KUBE_NOT_READY: [
    'The cluster has not been read completely, or a watch is down',
    'It waits for the watches. See KUBE_UNREACHABLE if it lasts.',
  ],
  KUBE_SILENT: [
    'A watch fell silent',
    'It is replaced. If it lasts, look at load balancers between that drop idle connections.',
  ],
  KUBE_WATCH_ENDED: ['The API server ended a watch', 'It goes on where it was. Nothing to do.'],
  KUBE_WATCH_LIST_UNSUPPORTED: [
    'The API server does not stream lists',
    'It is listed in pages. Nothing to do.',
  ],
  TIER_NOT_KNOWN: [
    'antrea-controller does not know a tier yet that was just made',
    'It is tried again within 30 s. Nothing to do.',
  ],
  NOT_LEADING: ['Only the leader speaks to the manager', 'This instance stands by; nothing to do.'],
  GROUPS_NOT_COMPUTED: [
    'antrea-controller has not computed a new group in time',
    'Policies that need it wait and it is tried again. Check the antrea-controller Pod.',
  ],
  LEASE_TAKEN: ['Another instance holds the lease', 'This one stands by. Nothing to do.'],
  LEASE_NAMESPACE_MISSING: [
    'The namespace of the lease is not there',
    'Create it, as docs/rbac.yaml does, or set lease.namespace.',
  ],
  KUBECONFIG_UNREADABLE: [
    'The kubeconfig, or a file it names, cannot be read',
    'Check the path and its rights for the user of the daemon.',
  ],
  KUBECONFIG_TOO_LARGE: ['The kubeconfig, or a file it names, is over its limit', 'Is it the right file?'],
  KUBECONFIG_MALFORMED: [
    'The kubeconfig is not one',
    'The message says what is wrong; kubectl config view helps.',
  ],
  KUBECONFIG_CONTEXT: [
    'The kubeconfig does not have that context',
    'Set kube.context to one of those in the message.',
  ],
  KUBECONFIG_SERVER: ['The kubeconfig names no usable server', 'It must be https://host[:port].'],
  KUBECONFIG_INSECURE: [
    'The kubeconfig asks not to verify the API server',
    'Take insecure-skip-tls-verify out and give certificate-authority-data.',
  ],
  KUBECONFIG_UNSUPPORTED: [
    'The kubeconfig asks for something that is not supported',
    'The message names it. Use a client certificate, a token or a token file.',
  ],
  KUBECONFIG_CREDENTIALS: [
    'The credentials in the kubeconfig cannot be used',
    'The message says which. Make new ones.',
  ],
  KUBECONFIG_EXEC_REFUSED: [
    'The kubeconfig names a program for the credentials',
    'Programs are not run on a control-plane node unasked. Use a client certificate or a token file.',
  ],
  KUBECONFIG_EXEC_FAILED: [
    'The program of the kubeconfig gave no credentials',
    'The message has its own words.',
  ],
}
