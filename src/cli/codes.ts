/** What `explain` knows beside warnings and translation codes: errors of the links, of the configuration, of the commands. */
export interface CodeHelp {
  readonly title: string
  readonly text: string
}

const TRANSPORT: Readonly<Record<string, CodeHelp>> = {
  TRANSPORT_REFUSED: {
    title: 'Nobody listens at that address',
    text: 'Check the address and the port, that the peer runs, and that no firewall is between. It is tried again by itself.',
  },
  TRANSPORT_RESET: {
    title: 'The connection was cut',
    text: 'The peer or something between closed it. It is tried again by itself; if it lasts, look at the peer and at proxies.',
  },
  TRANSPORT_TIMEOUT: {
    title: 'The peer did not answer in time',
    text: 'It is tried again on a new connection. If it lasts, look at its load and at the network.',
  },
  TRANSPORT_UNTRUSTED: {
    title: 'The peer is not who it should be',
    text: 'Its certificate does not verify against the CA that is configured (nsx.ca, or the kubeconfig), or is for another name. Check both.',
  },
  TRANSPORT_TLS: {
    title: 'TLS failed',
    text: 'The peer may refuse our certificate, or speak no TLS 1.2 or later. Check nsx.cert, and the address.',
  },
  TRANSPORT_DNS: {
    title: 'The name does not resolve',
    text: 'Check the host name and the resolver of this machine.',
  },
  TRANSPORT_TOO_LARGE: {
    title: 'The answer or the body was over its limit',
    text: 'It was not read. If the peer is the right one, please report it: limits are in src/limits.ts.',
  },
  TRANSPORT_CLOSED: {
    title: 'The connection was given up by us',
    text: 'It had fallen silent, or the adapter stops. Nothing to do.',
  },
}

const NSX: Readonly<Record<string, CodeHelp>> = {
  NSX_UNAUTHORIZED: {
    title: 'The NSX Manager does not know our certificate',
    text: 'Compare the certificate of nsx.cert with the one registered on the cluster-control-plane in NSX.',
  },
  NSX_FORBIDDEN: {
    title: 'The NSX Manager knows us, and refuses',
    text: "The certificate is not this cluster's. Compare cluster.id and cluster.name with the cluster-control-plane in NSX.",
  },
  CLUSTER_NOT_REGISTERED: {
    title: 'NSX has no cluster with this id',
    text: 'Compare cluster.id with the node_id of the cluster-control-plane in NSX, or register the cluster. It is asked again every 10 minutes.',
  },
  CLUSTER_IDENTITY: {
    title: 'NSX knows another Kubernetes cluster under this id',
    text: 'The uid of the namespace kube-system differs: the cluster was built anew, or the configuration is of another one. A person clears it in NSX.',
  },
  STALE_LEADER: {
    title: 'A newer leader speaks for this cluster',
    text: 'Another instance took over. Nothing to do; this one goes to standby when it sees the lease.',
  },
  SESSION_REPLACED: {
    title: 'A newer session of this cluster ended ours',
    text: 'Another instance leads now, or this one connected again. Nothing to do.',
  },
  VERSION_NOT_SUPPORTED: {
    title: 'The manager speaks no version of the protocol that we do',
    text: 'Update the manager or the adapter; the message lists what it speaks.',
  },
  MANAGER_BEHIND: {
    title: 'The manager shows an older state than it did before',
    text: 'A replica that lags, or a restored one. Nothing is deleted; it is tried again.',
  },
  NSX_NOT_FOUND: {
    title: 'NSX does not have what was asked for',
    text: 'Is nsx.url an NSX Manager, or one that speaks this protocol?',
  },
  NSX_CONFLICT: { title: 'NSX refuses for another change', text: 'It is read again and tried anew.' },
  NSX_REVISION: {
    title: 'The object in NSX was changed meanwhile',
    text: 'It is read again and tried anew.',
  },
  NSX_BAD_REQUEST: {
    title: 'NSX takes our request for wrong',
    text: 'The object is set aside and told; please report the message.',
  },
  NSX_THROTTLED: { title: 'NSX asks to slow down', text: 'It is waited for as long as NSX asks.' },
  NSX_SERVER_ERROR: {
    title: 'NSX has a fault',
    text: 'It is tried again. If it lasts, look at the manager.',
  },
  NSX_NOT_JSON: {
    title: 'What answers there is no NSX Manager',
    text: 'Check nsx.url; a proxy or a login page may be between.',
  },
  NSX_PROTOCOL: {
    title: 'The answer does not keep to docs/protocol.md',
    text: 'Check nsx.url and the version of the manager.',
  },
}

const CHANNEL: Readonly<Record<string, CodeHelp>> = {
  LINE_TOO_LONG: {
    title: 'A line of the stream is over its limit',
    text: 'The stream was thrown away; a full sync follows. Nothing was deleted.',
  },
  LINE_NOT_JSON: {
    title: 'A line of the stream is not JSON',
    text: 'The stream was thrown away; a full sync follows. Nothing was deleted.',
  },
  SNAPSHOT_INCOMPLETE: {
    title: 'A snapshot ended early',
    text: 'It was thrown away; nothing was deleted. Another one is asked for.',
  },
}

const KUBE: Readonly<Record<string, CodeHelp>> = {
  KUBE_CONFLICT: {
    title: 'Somebody else changed the object first',
    text: 'It is read again and tried anew.',
  },
  KUBE_NOT_FOUND: { title: 'The object or the API is not there', text: 'It is looked for again.' },
  KUBE_ALREADY_EXISTS: {
    title: 'An object of that name is there already',
    text: 'See NAME_CONFLICT if it is not ours.',
  },
  KUBE_UNAUTHORIZED: {
    title: 'The API server does not know us',
    text: 'Check the credentials in the kubeconfig; they are read again by themselves.',
  },
  KUBE_ADMISSION_DENIED: {
    title: 'An admission webhook refuses the object',
    text: 'The message is its own. The policy is held.',
  },
  KUBE_INVALID: {
    title: 'The API server takes the object for wrong',
    text: 'The policy is held; please report the message.',
  },
  KUBE_TOO_LARGE: {
    title: 'The object or the list is over a limit',
    text: 'Split the policy or the group in NSX.',
  },
  KUBE_WEBHOOK_UNAVAILABLE: {
    title: 'antrea-controller does not answer the API server',
    text: 'See ANTREA_CONTROLLER_DOWN.',
  },
  KUBE_THROTTLED: { title: 'The API server asks to slow down', text: 'It is waited for as long as it asks.' },
  KUBE_SERVER_ERROR: {
    title: 'The API server has a fault',
    text: 'It is tried again. If it lasts, look at the API server.',
  },
  KUBE_EXPIRED: {
    title: 'What a watch asked for is compacted',
    text: 'The resource is listed anew. Nothing to do.',
  },
  LEASE_NOT_HELD: {
    title: 'Only the leader writes',
    text: 'This instance does not hold the lease; it waits.',
  },
  KUBECONFIG_MISSING: { title: 'The kubeconfig is not there', text: 'Check kube.kubeconfig.' },
  KUBE_NOT_IN_CLUSTER: {
    title: 'There is no service account',
    text: 'Set kube.kubeconfig; without it the adapter must run in a Pod.',
  },
}

const HERE: Readonly<Record<string, CodeHelp>> = {
  CONFIG_UNREADABLE: {
    title: 'A file that the configuration needs cannot be read',
    text: 'Check the path and the rights of the file for the user of the daemon.',
  },
  CONFIG_SYNTAX: {
    title: 'The configuration is not valid YAML',
    text: 'The message has file, line and column.',
  },
  CONFIG_UNKNOWN_KEY: {
    title: 'A setting that does not exist',
    text: 'The message has its place and the nearest one that does.',
  },
  CONFIG_MISSING: {
    title: 'A setting that is needed is not there',
    text: 'Give it in the file, the environment or as a flag.',
  },
  CONFIG_INVALID: {
    title: 'A setting has a value it cannot have',
    text: 'The message has its place and what it must be.',
  },
  CONFIG_CERTIFICATE: {
    title: "The cluster's certificate, its key or the CA do not fit",
    text: 'The message says which, and with what.',
  },
  SERVE_CANNOT_LISTEN: {
    title: 'The status endpoint cannot listen',
    text: 'Another process does, or the folder is not there. Set serve.socket or serve.listen.',
  },
  SERVE_FORBIDDEN: {
    title: 'The status endpoint is not for web pages',
    text: 'Ask without an Origin header, by a loopback name.',
  },
  DAEMON_UNREACHABLE: {
    title: 'The daemon does not answer on its socket',
    text: 'Is it running? Is --socket right? May this user read it?',
  },
  DIAGNOSTICS_UNREADABLE: {
    title: 'The diagnostics file cannot be read',
    text: 'Check the path; it is readable by its owner alone.',
  },
  EXPLAIN_UNKNOWN: { title: 'No such code', text: '`explain` without a code lists them all.' },
  INTERNAL: {
    title: 'A fault of the adapter itself',
    text: 'It goes on where it can. Please report it with its log.',
  },
  CLI_USAGE: { title: 'The command line is not understood', text: 'See --help of the command.' },
}

export const CODES: Readonly<Record<string, CodeHelp>> = {
  ...TRANSPORT,
  ...NSX,
  ...CHANNEL,
  ...KUBE,
  ...HERE,
}
