/** What a manager answers. */
import type { Entries } from './types.ts'

export const NSX: Entries = {
  NSX_UNAUTHORIZED: [
    'The NSX Manager does not know our certificate',
    'Compare the certificate of nsx.cert with the one registered on the cluster-control-plane in NSX. Was NSX restored from a backup, or was the certificate taken out of it? Run register: it changes only what is missing.',
  ],
  NSX_FORBIDDEN: [
    'The NSX Manager knows us, and refuses',
    "The certificate is not this cluster's, or its principal identity's role is too small. Compare cluster.id and cluster.name with the cluster-control-plane in NSX, or run register: it says what is missing.",
  ],
  CLUSTER_NOT_REGISTERED: [
    'NSX has no cluster with this id',
    'Compare cluster.id with the node_id of the cluster-control-plane in NSX. Was NSX restored from a backup, or is the cluster new to it? Run register: it makes it again under its old node_id. It is asked again every 10 minutes.',
  ],
  REST_TOO_MANY: [
    "NSX's search finds more objects than the driver for its public API reads",
    'What is in force stays. Use a manager with the channels (nsx.driver: channel) for an NSX of this size.',
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
  NSX_GONE: ['NSX does not have it any more', 'A full sync follows by itself.'],
  NSX_CONFLICT: ['NSX refuses for another change', 'It is read again and tried anew.'],
  NSX_REVISION: ['The object in NSX was changed meanwhile', 'It is read again and tried anew.'],
  NSX_BAD_REQUEST: [
    'NSX takes our request for wrong',
    'The object is set aside and told; please report the message.',
  ],
  NSX_SEARCH_NOT_READY: [
    'Search in NSX is behind, or being made anew',
    'It is tried again, or plain lists are read in its place. Nothing is deleted meanwhile.',
  ],
  NSX_PAGE_TOO_LARGE: ['NSX takes the page for too large', 'It is asked again with smaller pages.'],
  NSX_PENDING_DELETE: ['The object is being deleted in NSX', 'It is tried again until it is gone.'],
  NSX_IN_USE: [
    'Something in NSX still refers to the object',
    'It is tried again. If it lasts, the message names what refers to it.',
  ],
  NSX_LICENSE: [
    'The licence of this NSX does not allow it',
    'Add the licence in NSX (System > Settings > Licenses).',
  ],
  NSX_SIGN_IN: [
    'NSX does not take the name and password',
    'Check nsx.username and nsx.passwordFile. The same password is not shown again for 10 minutes, so that NSX does not lock the account.',
  ],
  NSX_NOT_HEALTHY: [
    'The manager says that it is not well',
    'Other managers are used meanwhile. Look at the state of its node in NSX (System > Appliances).',
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
