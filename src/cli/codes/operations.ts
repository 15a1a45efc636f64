/** What NSX or a person asks of the cluster: traceflow, statistics and their like (docs/operations.md). */
import type { Entries } from './types.ts'

export const OPERATIONS: Entries = {
  REQUEST_KIND_UNSUPPORTED: [
    'This adapter does not carry out such a request',
    'The message lists the kinds it does; update the adapter for newer ones.',
  ],
  REQUEST_INVALID: [
    'The request does not say what it must',
    'The message names the field and what it must be; ask again with it.',
  ],
  OPERATION_MEMORY_BROKEN: [
    'What was written down of an operation cannot be read',
    'Somebody edited the ConfigMap. Undo by hand what it stands for, then delete it.',
  ],
  STATISTICS_ABSENT: [
    'The API server does not serve the statistics of Antrea',
    'See to the APIService v1alpha1.stats.antrea.io: is antrea-controller there and reachable? With agents.tokenFile the agents are asked instead.',
  ],
  STATISTICS_OFF: [
    'Antrea counts no policy',
    'Switch on its feature gate NetworkPolicyStats for controller and agents. With agents.tokenFile the agents are asked instead.',
  ],
  AGENT_SLOW: [
    'An agent takes too long to tell its flows',
    'Its Node is named among the missing ones and the others count. Ask for fewer policies, or look at its load.',
  ],
  STATISTICS_NO_POLICY: ['Nothing in the cluster is called so', '`statistics --all` lists what is counted.'],
  TRACEFLOW_NOT_FOUND: [
    'A Traceflow names what is not in the cluster',
    'Choose a Pod or a Service that is there now; the inventory in NSX may be a moment behind.',
  ],
  TRACEFLOW_NAME_TAKEN: [
    'A Traceflow of somebody else has the name that is needed',
    'It is left alone. Delete it, then ask again.',
  ],
  TRACEFLOW_ABSENT: [
    'The cluster does not know Traceflows',
    'Install the CRDs of its Antrea, version 1.13 or newer.',
  ],
  TRACEFLOW_DELETED: ['Somebody deleted a Traceflow while it ran', 'Ask again for another one.'],
  BUNDLE_MALFORMED: [
    'What answers in the place of an Antrea process makes no support bundles',
    'Its log is in the bundle in place. Look at what serves that address, and at its version.',
  ],
  BUNDLE_NOT_COLLECTED: [
    'An Antrea process did not collect its support bundle',
    'Its log is in the bundle in place, and may say why. A second request to the same process cancels the first: ask again.',
  ],
  BUNDLE_CHANGED: [
    'A support bundle was not what its sum says',
    'Somebody else asked the same process for one meanwhile, or it came damaged. Its log is there in place; ask again.',
  ],
  BUNDLE_CUT: ['A download of a support bundle ended early', 'It is gone on with by itself.'],
  BUNDLE_LATE: [
    'A component was not there within the time of the request',
    'Everything else is in the bundle. Ask again with more time, or for fewer Nodes.',
  ],
  BUNDLE_NOTHING: [
    'Nothing could be collected',
    'The message says why of the first component; `nodes` are names or ids of Nodes with an agent.',
  ],
  BUNDLE_TOO_LARGE: [
    'A file is too large for what the adapter makes in memory',
    'It is named in missing.json; read it from the cluster.',
  ],
  BUNDLE_FILE: [
    'The file of a support bundle cannot be written',
    'Name another one with --output; it must not exist yet.',
  ],
  BUNDLE_NO_ADAPTER: [
    'There is no daemon here that could tell of itself',
    'Run the command on the machine of the daemon, or give --socket.',
  ],
  CONTENT_NOT_TAKEN: ['Nobody takes content here', 'Ask over the manager or by the command line.'],
  CONTENT_CHECKSUM: [
    'Content came to the manager damaged',
    'It was thrown away there. Ask again; if it lasts, look at what stands between the two.',
  ],
  CONTENT_OFFSET: [
    'The manager has another part of a content already',
    'It is gone on with there by itself.',
  ],
  CONTENT_LOST: ['The manager lost what it had of a content', 'It is sent anew a few times; then ask again.'],
  LOGS_NONE: [
    'No Pod of Antrea has the log that is asked for',
    'Look at component, nodes and container of the request, and at the labels app=antrea of the Pods in kube-system.',
  ],
  LOG_LEVEL_HELD: [
    'Another request has changed this log level',
    'It puts the level back at its end. Cancel it, or wait for that.',
  ],
  LOG_LEVEL_NONE: [
    'There is no such process whose log level could be changed',
    'Look at component and nodes of the request: `kubectl get antreaagentinfos` names the Nodes with an agent.',
  ],
  LOG_LEVEL_NO_MEMORY: [
    'What the log levels were cannot be written down',
    'Apply `antrea-nsx-adapter rbac`, which makes the namespace, or name another one with --namespace.',
  ],
  LOG_LEVEL_NOT_RETURNED: [
    'A log level is not put back yet',
    'Its process does not answer. It is tried again each minute for a day; one that is started anew has its own level.',
  ],
  AGENT_MALFORMED: [
    "One of Antrea's processes does not answer as it should",
    'Look at what serves the address of its Node on its apiPort.',
  ],
  AGENTS_NOT_ASKED: [
    "Antrea's processes cannot be asked on their own APIs",
    'They take a bearer token; see agents.tokenFile in the configuration.',
  ],
  OPERATION_OVER: ['The request is over', 'Nothing to do: it was answered, cancelled or given up.'],
}
