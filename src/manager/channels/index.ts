/** The server side of both channels (docs/protocol.md §1–3): sessions, streams, snapshot, watch, status, requests, health. For manager.ts. */
export { channelRoutes } from './routes.ts'
export { type ClusterState, type ClusterStates, createClusterStates } from './states.ts'
