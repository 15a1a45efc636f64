/** What `doctor` finds beside the codes that others have. */
import type { Entries } from './types.ts'

export const DOCTOR: Entries = {
  DOCTOR_BROKEN: [
    'A check could not be made',
    'The message says what the system said. Where it is a fault of the adapter, please report it.',
  ],
  DOCTOR_LATE: [
    'A check had no answer in time',
    'Somebody it asks does not answer; the checks before it say who.',
  ],
  DOCTOR_FILE_MODE: [
    'Others may read or change a file of the adapter',
    'Keys, passwords, tokens and kubeconfigs are for their owner alone: chmod 600.',
  ],
  DOCTOR_EXPIRED: [
    'A certificate is not valid now',
    'Renew it (`rotate` for the one of NSX). If it is not valid yet, the clock of this machine is wrong.',
  ],
  DOCTOR_EXPIRY: ['A certificate expires within 30 days', 'Renew it before: `rotate` for the one of NSX.'],
  DOCTOR_FOLDER: [
    'A folder that the adapter needs is not there, or not its own',
    'The message has the command that makes it. The unit makes both of its folders itself.',
  ],
  DOCTOR_DISK: [
    'There is little room on the disk',
    'Make room. History is lost while there is none, policy is not.',
  ],
  DOCTOR_NOT_READY: ['The daemon is not ready', '`status` says why, worst first.'],
  DOCTOR_PORT_TAKEN: ["A port is somebody else's", 'Set serve.listen to another port.'],
  DOCTOR_UNIT: [
    'The unit of systemd is not as it should be',
    'The message has the line. What an upgrade of the unit changed is merged by `systemctl edit`.',
  ],
  DOCTOR_TIME: [
    'Nothing keeps the clock of this machine right',
    'Switch time synchronisation on: timedatectl set-ntp true.',
  ],
  DOCTOR_OPEN_FILES: ['Few files may be open', 'Raise LimitNOFILE of the unit.'],
  DOCTOR_SLOW: ['The API server is slow', 'Look at its load, and at the disk of etcd.'],
  DOCTOR_CLOCK_SKEW: [
    "A peer's clock and this machine's differ",
    'Have both synchronised: certificates, tokens and the age of heartbeats are judged by them.',
  ],
  DOCTOR_NO_LEADER: ['Nobody leads', 'Start an instance; policy in force stays meanwhile.'],
  ANTREA_API_ABSENT: [
    "Antrea's API is not served as the adapter needs it",
    'Install Antrea, or a newer one; docs/operations.md names the versions.',
  ],
  DOCTOR_ANTREA_CONFIG: [
    "Antrea's configuration cannot be read",
    'Look at ConfigMap kube-system/antrea-config.',
  ],
  DOCTOR_ANTREA_FEATURE: [
    'A feature of Antrea is switched off',
    'Switch its gate on in ConfigMap kube-system/antrea-config, then restart the process it is of.',
  ],
  DOCTOR_AGENTS_SILENT: ['Agents are not heard', 'Look at their Pods and nodes: policy there may be behind.'],
  DOCTOR_TIER_LIMIT: ['Antrea takes no more tiers', 'Delete tiers that no policy uses; it takes 20 in all.'],
  DOCTOR_PROXY: [
    'A proxy is set in the environment that the adapter does not use',
    'Set nsx.proxy where NSX is to be reached through it.',
  ],
  CERTIFICATE_NOT_THIS_CLUSTER: [
    'NSX knows this cluster by another certificate',
    'Register this one (`register`), or give the certificate and the cluster.id of one and the same cluster.',
  ],
  DOCTOR_NSX_CHANNELS: [
    'NSX does not offer what nsx.driver says',
    'The message says what it offers. Correct nsx.url or nsx.driver.',
  ],
}
