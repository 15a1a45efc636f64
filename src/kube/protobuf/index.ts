/**
 * Kubernetes' protobuf as the reader of lists and watches needs it: what objects travel in, and of each object only the kept
 * fields (../kept). Nothing here knows which resource it is. For src/kube.
 */
export { decoderOf, type ObjectDecoder, WireError } from './decode.ts'
export {
  type EventFrame,
  LIST_HEAD_BYTES_MAX,
  type ListHead,
  readEventFrame,
  readFieldHead,
  readListHead,
  unwrap,
} from './envelope.ts'
export { createShare, type Share } from './share.ts'
