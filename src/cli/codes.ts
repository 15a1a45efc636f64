/** What `explain` knows beside warnings and translation codes: errors of the links, of the configuration, of the commands. */
export interface CodeHelp {
  readonly title: string
  readonly text: string
}

type Entries = Readonly<Record<string, readonly [title: string, text: string]>>

/** Below HTTP (errors.ts). */
const TRANSPORT: Entries = {
  TRANSPORT_REFUSED: [
    'Nobody listens at that address',
    'Check the address and the port, that the peer runs, and that no firewall is between. It is tried again by itself.',
  ],
  TRANSPORT_RESET: [
    'The connection was cut',
    'The peer or something between closed it. It is tried again by itself; if it lasts, look at the peer and at proxies.',
  ],
  TRANSPORT_TIMEOUT: [
    'The peer did not answer in time',
    'It is tried again on a new connection. If it lasts, look at its load and at the network.',
  ],
  TRANSPORT_UNTRUSTED: [
    'The peer is not who it should be',
    'Its certificate does not verify against the CA that is configured (nsx.ca, or the kubeconfig), or is for another name. Check both.',
  ],
  TRANSPORT_TLS: [
    'TLS failed',
    'The peer may refuse our certificate, or speak no TLS 1.2 or later. Check nsx.cert, and the address.',
  ],
  TRANSPORT_DNS: ['The name does not resolve', 'Check the host name and the resolver of this machine.'],
  TRANSPORT_TOO_LARGE: [
    'The answer or the body was over its limit',
    'It was not read. If the peer is the right one, please report it: limits are in src/limits.ts.',
  ],
  TRANSPORT_CLOSED: [
    'The connection was given up by us',
    'It had fallen silent, or the adapter stops. Nothing to do.',
  ],
}

/** What a manager answers. */
const NSX: Entries = {
  NSX_UNAUTHORIZED: [
    'The NSX Manager does not know our certificate',
    'Compare the certificate of nsx.cert with the one registered on the cluster-control-plane in NSX.',
  ],
  NSX_FORBIDDEN: [
    'The NSX Manager knows us, and refuses',
    "The certificate is not this cluster's. Compare cluster.id and cluster.name with the cluster-control-plane in NSX.",
  ],
  CLUSTER_NOT_REGISTERED: [
    'NSX has no cluster with this id',
    'Compare cluster.id with the node_id of the cluster-control-plane in NSX, or register the cluster. It is asked again every 10 minutes.',
  ],
  CLUSTER_IDENTITY: [
    'NSX knows another Kubernetes cluster under this id',
    'The uid of the namespace kube-system differs: the cluster was built anew, or the configuration is of another one. A person clears it in NSX.',
  ],
  STALE_LEADER: [
    'A newer leader speaks for this cluster',
    'Another instance took over. Nothing to do; this one goes to standby when it sees the lease.',
  ],
  SESSION_REPLACED: [
    'A newer session of this cluster ended ours',
    'Another instance leads now, or this one connected again. Nothing to do.',
  ],
  VERSION_NOT_SUPPORTED: [
    'The manager speaks no version of the protocol that we do',
    'Update the manager or the adapter; the message lists what it speaks.',
  ],
  MANAGER_BEHIND: [
    'The manager shows an older state than it did before',
    'A replica that lags, or a restored one. Nothing is deleted; it is tried again.',
  ],
  NSX_NOT_FOUND: [
    'NSX does not have what was asked for',
    'Is nsx.url an NSX Manager, or one that speaks this protocol?',
  ],
  NSX_CONFLICT: ['NSX refuses for another change', 'It is read again and tried anew.'],
  NSX_REVISION: ['The object in NSX was changed meanwhile', 'It is read again and tried anew.'],
  NSX_BAD_REQUEST: [
    'NSX takes our request for wrong',
    'The object is set aside and told; please report the message.',
  ],
  NSX_THROTTLED: ['NSX asks to slow down', 'It is waited for as long as NSX asks.'],
  NSX_SERVER_ERROR: ['NSX has a fault', 'It is tried again. If it lasts, look at the manager.'],
  NSX_NOT_JSON: [
    'What answers there is no NSX Manager',
    'Check nsx.url; a proxy or a login page may be between.',
  ],
  NSX_PROTOCOL: [
    'The answer does not keep to docs/protocol.md',
    'Check nsx.url and the version of the manager.',
  ],
  NSX_LIST_INCOMPLETE: [
    'A list in NSX changed while it was read',
    'It is read again. Nothing is deleted meanwhile.',
  ],
  NSX_LIST_ENDLESS: [
    'A list in NSX does not end',
    'The manager gives the same cursor again. Please report it to whoever makes it.',
  ],
  INVENTORY_TOO_LARGE: [
    'NSX shows more inventory than the adapter holds',
    'Is this cluster id used by something else, too?',
  ],
}

/** The channels' streams (docs/protocol.md). */
const CHANNEL: Entries = {
  LINE_TOO_LONG: [
    'A line of the stream is over its limit',
    'The stream was thrown away; a full sync follows. Nothing was deleted.',
  ],
  LINE_TRUNCATED: [
    'The stream ended inside a line',
    'The stream was thrown away; a full sync follows. Nothing was deleted.',
  ],
  LINE_MALFORMED: [
    'A line of the stream is not JSON',
    'The stream was thrown away; a full sync follows. Nothing was deleted.',
  ],
  PROTOCOL_FRAME: [
    'A frame does not keep to docs/protocol.md',
    'The stream was thrown away; the same three times in a row and it is looked at every 10 minutes only. Nothing was deleted.',
  ],
  PROTOCOL_HASH: [
    'An object does not have the hash it came with',
    'The stream was thrown away. Something between may change bodies; if not, the manager is at fault.',
  ],
  PROTOCOL_NO_BODY: [
    'An object came without its body',
    'The stream was thrown away. The manager is at fault.',
  ],
  PROTOCOL_REQUEST: [
    'A request from NSX does not keep to docs/protocol.md',
    'It is answered with an error. The manager is at fault.',
  ],
  SNAPSHOT_TRUNCATED: [
    'A snapshot ended early',
    'It was thrown away; nothing was deleted. Another one is asked for.',
  ],
  SNAPSHOT_MALFORMED: [
    'A snapshot does not keep to docs/protocol.md',
    'It was thrown away; nothing was deleted. Another one is asked for.',
  ],
  SNAPSHOT_COUNTS: [
    'A snapshot does not hold as many objects as it says',
    'It was thrown away; nothing was deleted. Another one is asked for.',
  ],
  SNAPSHOT_DIGEST: [
    'A snapshot does not have the digest it says',
    'It was thrown away; nothing was deleted. Another one is asked for.',
  ],
  SNAPSHOT_TOO_LARGE: [
    'A snapshot is over its limit',
    'It was thrown away; nothing was deleted. Span fewer policies to this cluster.',
  ],
  TRANSACTION_UNKNOWN: [
    'A commit holds a kind of frame that is not known',
    'A full sync follows. Nothing to do, unless it lasts: then update the adapter.',
  ],
  TRANSACTION_OPEN: [
    'The stream ended inside a commit',
    'What came without its commit was thrown away; a full sync follows.',
  ],
  TRANSACTION_TOO_LARGE: ['A commit is over its limit', 'A full sync follows. Nothing to do.'],
  STREAM_ENDED: ['The manager closed the stream', 'It is opened again with a full sync. Nothing to do.'],
  STREAM_BYE: [
    'The manager announced that it moves',
    'It is connected to again when it asked for it. Nothing to do.',
  ],
  BYE: [
    'The manager announced that it moves',
    'It is connected to again when it asked for it. Nothing to do.',
  ],
  SESSION_ENDED: ['The session with the manager is over', 'A new one is opened. Nothing to do.'],
  STREAM_RESET: ['The manager asked for a full sync', 'It follows at once. Nothing to do.'],
  STREAM_GAP: ['A commit does not follow the one before', 'A full sync follows. Nothing to do.'],
  APPLY_STOPPED: [
    'Applying was ended',
    'The lease or the link was lost meanwhile; the next pass goes on from what is in the cluster.',
  ],
  TIER_MISSING: ['A tier that policies need is not there yet', 'It is made first; policies wait for it.'],
}

/** The API server, the lease, the kubeconfig. */
const KUBE: Entries = {
  KUBE_CONFLICT: ['Somebody else changed the object first', 'It is read again and tried anew.'],
  KUBE_NOT_FOUND: ['The object or the API is not there', 'It is looked for again.'],
  KUBE_ALREADY_EXISTS: ['An object of that name is there already', 'See NAME_CONFLICT if it is not ours.'],
  KUBE_UNAUTHORIZED: [
    'The API server does not know us',
    'Check the credentials in the kubeconfig; they are read again by themselves.',
  ],
  KUBE_ADMISSION_DENIED: [
    'An admission webhook refuses the object',
    'The message is its own. The policy is held.',
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

/** This machine: configuration, endpoint, commands, sandbox. */
const HERE: Entries = {
  CONFIG_UNREADABLE: [
    'A file that the configuration needs cannot be read',
    'Check the path and the rights of the file for the user of the daemon.',
  ],
  CONFIG_SYNTAX: ['The configuration is not valid YAML', 'The message has file, line and column.'],
  CONFIG_UNKNOWN_KEY: [
    'A setting that does not exist',
    'The message has its place and the nearest one that does.',
  ],
  CONFIG_MISSING: [
    'A setting that is needed is not there',
    'Give it in the file, the environment or as a flag.',
  ],
  CONFIG_INVALID: ['A setting has a value it cannot have', 'The message has its place and what it must be.'],
  CONFIG_CERTIFICATE: [
    "The cluster's certificate, its key or the CA do not fit",
    'The message says which, and with what.',
  ],
  SERVE_CANNOT_LISTEN: [
    'The status endpoint cannot listen',
    'Another process does, or the folder is not there. Set serve.socket or serve.listen.',
  ],
  SERVE_FORBIDDEN: [
    'The status endpoint is not for web pages',
    'Ask without an Origin header, by a loopback name.',
  ],
  DAEMON_UNREACHABLE: [
    'The daemon does not answer on its socket',
    'Is it running? Is --socket right? May this user read it?',
  ],
  DIAGNOSTICS_UNREADABLE: [
    'The diagnostics file cannot be read',
    'Check the path; it is readable by its owner alone.',
  ],
  EXPLAIN_UNKNOWN: ['No such code', '`explain` without a code lists them all.'],
  INTERNAL: ['A fault of the adapter itself', 'It goes on where it can. Please report it with its log.'],
  CLI_USAGE: ['The command line is not understood', 'See --help of the command.'],
  SERVE_METHOD: ['Another method is needed', 'The message says which.'],
  SERVE_NOT_FOUND: ['The status endpoint does not have that path', 'The message lists those it has.'],
  SERVE_BAD_QUERY: ['The query cannot be', 'The message says what it must be.'],
  SANDBOX_NOT_READY: [
    'The sandbox did not get ready',
    'The message says why; the lines before it show what happened.',
  ],
  SANDBOX_CANNOT_LISTEN: [
    'A port that was asked for is taken',
    'Choose another one, or none for a free one.',
  ],
  SANDBOX_REAL_NOT_HERE: [
    'The real control plane cannot be had here',
    'It is built on Linux, from a checkout, with Go 1.26 or newer; the message says what is missing. Without --real the sandbox needs none of these.',
  ],
  SANDBOX_REAL_BUILD: [
    'The real control plane could not be built',
    "The message has the go command's own words. The first build fetches Go modules: look at the network and at GOPROXY.",
  ],
  SANDBOX_REAL_START: [
    'A program of the real control plane did not start',
    'The message has the last lines that it wrote. Try again; if it lasts, look at the memory and the disk of this machine.',
  ],
  SANDBOX_READY_FILE: [
    'The ready file cannot be written',
    'Choose a path in a folder that is there and yours.',
  ],
  SANDBOX_NOT_REGISTERED: [
    'The manager does not list the cluster',
    'A fault of the sandbox; please report it.',
  ],
  SANDBOX_CALL_FAILED: ['A call of the sandbox was refused', "The message has the peer's own words."],
  SCENARIO_FAILED: ['A step of the scenario failed', 'The message names it and says what was not seen.'],
  SCENARIO_NOT_SEEN: [
    'What a step waits for did not come in time',
    'The lines before it show what happened.',
  ],
  SCENARIO_POLICY_LOST: [
    'A policy went while the link was down',
    'A fault of the adapter; please report it with the lines before it.',
  ],
  SCENARIO_LINK_NOT_BROKEN: [
    'A change came over a link that was broken',
    'A fault of the sandbox; please report it.',
  ],
  SCENARIO_POD_NOT_RUNNING: [
    'A Pod of the scenario does not run',
    'Look at it with kubectl; its image may not be there.',
  ],
}

export const CODES: Readonly<Record<string, CodeHelp>> = Object.fromEntries(
  Object.entries({ ...TRANSPORT, ...NSX, ...CHANNEL, ...KUBE, ...HERE }).map(([code, [title, text]]) => [
    code,
    { title, text },
  ]),
)
