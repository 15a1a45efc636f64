/** Below HTTP (errors.ts). */
import type { Entries } from './types.ts'

export const TRANSPORT: Entries = {
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
    'Its certificate does not verify against the CA that is configured (nsx.ca, or the kubeconfig), is for another name, or is none of those of nsx.thumbprint. Check which it is.',
  ],
  TRANSPORT_TLS: [
    'TLS failed',
    'The peer may refuse our certificate, or speak no TLS 1.2 or later. Check nsx.cert, and the address.',
  ],
  TRANSPORT_PROXY: [
    'The proxy does not connect us to the peer',
    'Check nsx.proxy and nsx.proxyAuthFile, and that the proxy allows CONNECT to the address and port of the manager. It is tried again by itself.',
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
