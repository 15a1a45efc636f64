/** Every warning the adapter can raise. Components set and clear them by code; status, readiness, metrics and the report to NSX read them. */
export type Severity = 'info' | 'warning' | 'error'

export interface Warning {
  readonly title: string
  readonly severity: Severity
  /** What happens meanwhile and what to do. */
  readonly text: string
  /** Hidden while one of these stands: they are its cause. */
  readonly dependsOn?: readonly string[]
  /** Shown only when it lasts this long. */
  readonly visibleAfterMs: number
  /** True: the adapter is not ready while it stands. */
  readonly blocksReady?: boolean
}

export const WARNINGS = {
  KUBE_UNREACHABLE: {
    title: 'The Kubernetes API server does not answer',
    severity: 'error',
    text: 'Nothing is written and nothing is deleted meanwhile. Check the API server and the kubeconfig.',
    visibleAfterMs: 5_000,
    blocksReady: true,
  },
  KUBE_UNTRUSTED: {
    title: 'The Kubernetes API server is not who it should be',
    severity: 'error',
    text: 'Its certificate is not signed by the CA in the kubeconfig. Check certificate-authority-data and the address.',
    visibleAfterMs: 0,
    blocksReady: true,
  },
  KUBE_FORBIDDEN: {
    title: 'The Kubernetes API server refuses what the adapter needs',
    severity: 'error',
    text: "Grant the rights of docs/rbac.yaml to the adapter's identity.",
    visibleAfterMs: 0,
    blocksReady: true,
  },
  KUBE_UNREADABLE: {
    title: 'A resource of the cluster cannot be read',
    severity: 'error',
    text: 'The API server answers with what cannot be used: a kind it does not serve, an answer that is malformed or too large. Check the address in the kubeconfig and what stands between.',
    visibleAfterMs: 5_000,
    blocksReady: true,
  },
  API_ABSENT: {
    title: 'The cluster does not serve optional resources',
    severity: 'info',
    text: 'They are not shown in NSX; everything else goes on. Install their CustomResourceDefinitions if they are wanted: they are picked up without a restart.',
    visibleAfterMs: 0,
  },
  ANTREA_MISSING: {
    title: 'Antrea is not in this cluster',
    severity: 'error',
    text: 'crd.antrea.io/v1beta1 is not served. Install Antrea 1.13 or later; the adapter picks it up without a restart.',
    visibleAfterMs: 0,
    blocksReady: true,
  },
  ANTREA_CONTROLLER_DOWN: {
    title: 'antrea-controller does not answer the API server',
    severity: 'error',
    text: 'Policies cannot be written until it is back; what is in force stays. Check the antrea-controller Pod.',
    visibleAfterMs: 5_000,
  },
  NSX_UNREACHABLE: {
    title: 'The NSX Manager does not answer',
    severity: 'error',
    text: 'Policy in force stays and drift is repaired; changes wait. Check the manager and the network.',
    visibleAfterMs: 5_000,
    blocksReady: true,
  },
  NSX_UNTRUSTED: {
    title: 'The NSX Manager is not who it should be',
    severity: 'error',
    text: 'Its certificate does not verify against nsx.ca, or is none of those of nsx.thumbprint. Check them and the address.',
    visibleAfterMs: 0,
    blocksReady: true,
  },
  NSX_REFUSED: {
    title: 'The NSX Manager refuses this cluster',
    severity: 'error',
    text: 'The cluster id, its registration or its certificate does not fit. Compare cluster.id with the cluster-control-plane in NSX, or run register: it says what is missing, and makes it.',
    visibleAfterMs: 0,
    blocksReady: true,
  },
  NSX_MANAGER_DOWN: {
    title: 'One of several NSX Managers does not answer',
    severity: 'warning',
    text: 'The others are used meanwhile, and it is asked again by itself. Check its node, and its address in nsx.url.',
    visibleAfterMs: 10_000,
    dependsOn: ['NSX_UNREACHABLE'],
  },
  NSX_PUBLIC_API: {
    title: 'NSX is spoken with by its public API alone',
    severity: 'info',
    text: 'That API takes no realization, no component health, no statistics, no logs and no support bundles: NSX does not show them. Traceflow results stay in the cluster. See docs/nsx-manager.md.',
    visibleAfterMs: 0,
  },
  CCP_PROTOCOL: {
    title: "The manager's policy stream breaks the protocol",
    severity: 'error',
    text: 'The stream was thrown away and nothing was deleted. If it lasts, the manager or something between is at fault.',
    visibleAfterMs: 0,
  },
  CCP_DELETE_GUARD: {
    title: 'Many policies would be deleted',
    severity: 'warning',
    text: 'Deletes wait for a second snapshot at least 30 s later that says the same.',
    visibleAfterMs: 0,
  },
  CCP_APPROVAL: {
    title: 'Deletes wait for a person',
    severity: 'error',
    text: "The manager's policy store is another one than before. Check that this is wanted, then run `antrea-nsx-adapter approve`.",
    visibleAfterMs: 0,
  },
  CCP_WRITES: {
    title: 'Policy cannot be written to the cluster',
    severity: 'error',
    text: 'What is in force stays; it is tried again. The detail says what the API server or Antrea answers.',
    dependsOn: ['KUBE_UNREACHABLE', 'ANTREA_CONTROLLER_DOWN'],
    visibleAfterMs: 5_000,
  },
  CCP_PAUSED: {
    title: 'Writing policy to the cluster is paused',
    severity: 'warning',
    text: 'Everything is watched, compared and reported meanwhile. It ends by itself, with the process, or by `antrea-nsx-adapter resume ccp`.',
    visibleAfterMs: 0,
  },
  INVENTORY_PAUSED: {
    title: 'Sending inventory to NSX is paused',
    severity: 'warning',
    text: 'Everything is watched and compared meanwhile; health is reported and requests are answered. It ends by itself, with the process, or by `antrea-nsx-adapter resume mp`.',
    visibleAfterMs: 0,
  },
  LOOKS_LIKE_OURS: {
    title: 'Objects carry our label but are not ours',
    severity: 'warning',
    text: 'They are left untouched. Remove the label app.kubernetes.io/managed-by from them or delete them.',
    visibleAfterMs: 0,
  },
  FOREIGN_CLUSTER_ID: {
    title: 'Objects of another cluster id',
    severity: 'error',
    text: 'Another adapter keeps policy in this cluster, or the cluster was registered anew. No policy is written meanwhile. Stop the other one, then look at `antrea-nsx-adapter adopt`.',
    visibleAfterMs: 0,
  },
  SECOND_ADAPTER: {
    title: "Objects of NSX's own Antrea adapter",
    severity: 'error',
    text: 'Two adapters in one cluster would undo each other. No policy is written meanwhile. Stop the other one, then look at `antrea-nsx-adapter adopt`.',
    visibleAfterMs: 0,
  },
  OBSERVING: {
    title: 'The adapter observes and writes no policy',
    severity: 'info',
    text: 'With `mode: observe` it translates, compares and reports. The detail says what it would write. Set `mode: enforce` and start it again to have it written.',
    visibleAfterMs: 0,
  },
  GROUPS_UNRESOLVED: {
    title: 'Policies wait for a group that does not come',
    severity: 'warning',
    text: 'They name a group, or members of a group, that the manager has not sent. They stay as they last were. Check the group in NSX.',
    visibleAfterMs: 0,
  },
  NAME_CONFLICT: {
    title: 'A foreign object has a name we need',
    severity: 'error',
    text: 'The policy that needs it is held. Rename or delete the foreign object.',
    visibleAfterMs: 0,
  },
  TIER_CONFLICT: {
    title: 'A tier stands in the way',
    severity: 'error',
    text: 'Another tier has our priority, or our tier another one. Change the `tiers` setting or the tier.',
    visibleAfterMs: 0,
  },
  HELD_POLICIES: {
    title: 'Policies are held',
    severity: 'warning',
    text: 'They have a rule that cannot be translated exactly and stay as they last were. See the realization in NSX and `explain`.',
    visibleAfterMs: 0,
  },
  DRIFT_FIGHT: {
    title: 'Somebody else keeps changing objects of ours',
    severity: 'error',
    text: 'They are put back each time, at most once in 5 s each when it goes on. Stop the other writer, whose field manager is named; change the policy in NSX instead.',
    visibleAfterMs: 0,
  },
  HELD_DRIFT: {
    title: 'A held policy was changed in the cluster',
    severity: 'error',
    text: 'Nobody remembers its old form; a person decides.',
    visibleAfterMs: 0,
  },
  INVENTORY_POISON: {
    title: 'NSX refuses an inventory object',
    severity: 'warning',
    text: "It is set aside and everything else goes on. See `status` for the object and NSX's reason.",
    visibleAfterMs: 0,
  },
  NOT_READABLE: {
    title: 'NSX does not give back a field',
    severity: 'info',
    text: 'The field has left the comparison.',
    visibleAfterMs: 0,
  },
  INVENTORY_DELETE_GUARD: {
    title: 'Many inventory objects would be deleted in NSX',
    severity: 'warning',
    text: 'Deletes wait for a second comparison at least 30 s later that says the same.',
    visibleAfterMs: 0,
  },
  NODE_CLOCK_OFF: {
    title: "A node's clock is off",
    severity: 'warning',
    text: "Antrea's heartbeats of that node are more than 60 s away from the API server's clock. Check NTP there.",
    visibleAfterMs: 0,
  },
  LEASE_UNREACHABLE: {
    title: 'The lease cannot be read or renewed',
    severity: 'error',
    text: 'Nothing is written without the lease. Check the API server and the rights on coordination.k8s.io leases.',
    visibleAfterMs: 5_000,
    dependsOn: ['KUBE_UNREACHABLE'],
    blocksReady: true,
  },
  INSTANCES_UNKNOWN: {
    title: 'The Leases of the instances cannot be read or written',
    severity: 'warning',
    text: 'Leadership is not handed to an instance that reaches NSX when this one does not. Grant get, list, create, update and delete on leases in the namespace of the lease, as docs/rbac.yaml does.',
    visibleAfterMs: 15_000,
    dependsOn: ['KUBE_UNREACHABLE'],
  },
  NO_STANDBY: {
    title: 'No other instance stands by',
    severity: 'info',
    text: 'When this one fails nobody follows. Run the adapter on another control-plane node, too.',
    visibleAfterMs: 60_000,
  },
  STANDBY_WITHOUT_NSX: {
    title: 'An instance that stands by does not reach the NSX Manager',
    severity: 'warning',
    text: 'Everything goes on, but it could not do more than repair drift if it had to lead. Check the network between its node and the manager.',
    visibleAfterMs: 30_000,
    dependsOn: ['NSX_UNREACHABLE'],
  },
  IDENTITY_UNREAD: {
    title: "The Secret with the cluster's identity in NSX cannot be read",
    severity: 'warning',
    text: 'The certificate in force stays; one that rotate put there would not be picked up. Apply docs/rbac.yaml, or run register again.',
    visibleAfterMs: 60_000,
    dependsOn: ['KUBE_UNREACHABLE'],
  },
  KUBE_TOKEN_RENEWAL: {
    title: "The adapter's own token for the API server cannot be renewed",
    severity: 'warning',
    text: 'It is tried each minute until the token is over. Apply docs/rbac.yaml, look at the rights of the token file, or write a new one by join --admin-kubeconfig.',
    visibleAfterMs: 600_000,
    dependsOn: ['KUBE_UNREACHABLE'],
  },
  CERTIFICATE_ENDS: {
    title: 'The certificate by which NSX knows this cluster is over soon',
    severity: 'warning',
    text: 'After that NSX takes nothing of this cluster any more; policy in force stays. Run rotate.',
    visibleAfterMs: 0,
  },
  DIAGNOSTICS_LOST: {
    title: 'Diagnostics are not kept',
    severity: 'info',
    text: 'The diagnostics database cannot be written. Nothing else is touched by it.',
    visibleAfterMs: 0,
  },
  DIAGNOSTICS_SET_ASIDE: {
    title: 'A diagnostics file could not be used and was begun anew',
    severity: 'info',
    text: 'It was damaged, or of another version of this program. It lies beside the new one; look into it or delete it. Nothing else is touched by it; this is told until the next start.',
    visibleAfterMs: 0,
  },
} as const satisfies Record<string, Warning>

export type WarningCode = keyof typeof WARNINGS
