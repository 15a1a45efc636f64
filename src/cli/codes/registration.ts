/** What register, join, rotate and deregister refuse, and what the running adapter says of its own credentials. */
import type { Entries } from './types.ts'

export const REGISTRATION: Entries = {
  REGISTRATION_URL: ['Where NSX is was not said', 'Give --nsx-url; later runs know it.'],
  REGISTRATION_NAME: [
    "The cluster's name is missing or cannot be one in NSX",
    'Give --cluster-name: letters and digits, with single - . or _ between them.',
  ],
  REGISTRATION_PASSWORD: [
    "The administrator's password is missing",
    'Give --nsx-password-file FILE, with the password in its first line. It is not kept.',
  ],
  REGISTRATION_KUBECONFIG: [
    'The cluster was not named',
    'Give --admin-kubeconfig, or --kubeconfig with one that register wrote.',
  ],
  REGISTRATION_CONFIG: [
    'The configuration file cannot be added to',
    'It is not YAML, or no mapping. Mend it; nothing of it was changed.',
  ],
  REGISTRATION_UNREACHABLE: [
    'NSX does not answer',
    'Check --nsx-url and the way there (TCP 443, a firewall, --nsx-proxy). Nothing was changed.',
  ],
  REGISTRATION_UNTRUSTED: [
    'What answers does not prove to be this NSX',
    'Give its authority by --nsx-ca, or its thumbprint by --nsx-thumbprint after comparing it with the one NSX shows. Nothing was sent.',
  ],
  REGISTRATION_LOGIN: [
    "NSX refuses the administrator's name or password",
    'Correct them. It is not tried again by itself, for NSX locks accounts.',
  ],
  REGISTRATION_ROLE: [
    'A role in NSX is too small',
    "The message says whose: the administrator's (Enterprise Admin may register), or the principal identity's: register again with --role.",
  ],
  REGISTRATION_NOT_TAKEN: [
    'NSX does not take the new certificate',
    'A proxy that ends TLS hides it, or a manager does not know it yet. Run register again.',
  ],
  REGISTRATION_CLOCK: [
    'The clocks of NSX and of this machine differ by minutes',
    'Certificates are not valid then. Set both by NTP; nothing was changed.',
  ],
  REGISTRATION_OTHER_CLUSTER: [
    'The identity that is kept here is that of another cluster',
    'This machine, its Secret or its files were copied, or the cluster was built anew; the message says which way on.',
  ],
  REGISTRATION_CERTIFICATE_USED: [
    'The certificate is in use by another cluster in NSX',
    'NSX takes one for one cluster only. Take the kept identity away and register again: a new key is made.',
  ],
  REGISTRATION_NAME_TAKEN: [
    'Another cluster has this name in NSX',
    'Choose another; or --take-over, when it is this very cluster whose identity was lost.',
  ],
  REGISTRATION_NODE_ID: [
    'The node_id in NSX is not the one that is kept here',
    'Policies are bound to it, so it is never changed silently. The message names both ways.',
  ],
  REGISTRATION_EXPIRED: ['The certificate is over', 'Run rotate: it makes a new one and gives it to NSX.'],
  REGISTRATION_IDENTITY: [
    'What is kept of the registration cannot be used',
    'Put it back from a backup; or take it away and register with --cluster-id or --take-over.',
  ],
  REGISTRATION_NO_IDENTITY: [
    'Nothing is kept of a registration here',
    'Run register first; where the identity is in a Secret, give --admin-kubeconfig.',
  ],
  REGISTRATION_NOT_IN_NSX: [
    'NSX does not have the cluster any more',
    'It was restored from a backup, or somebody deleted it. register makes it again under its old node_id.',
  ],
  REGISTRATION_CHANGED: [
    'Somebody else works on the same registration',
    'Let them end, then run it again: it goes on from what is there.',
  ],
  REGISTRATION_INSTANCES: [
    'Not every instance shows the new certificate',
    'The old one stays in NSX, so nothing is broken. See to the instances that the message names, then run rotate again.',
  ],
  REGISTRATION_RUNNING: [
    'The adapter still runs on some node',
    'Stop it there first; it would write again what is deleted.',
  ],
  REGISTRATION_STOPPED: [
    'It was stopped before its end',
    'Run the same command again: it goes on from there.',
  ],
  IDENTITY_COPY: [
    "The copies of the Secret's certificate and key cannot be written",
    'The Secret counts, so nothing is wrong now. Let the service write to the folder of nsx.cert and nsx.key.',
  ],
}
