/**
 * The HTTPS API of the antrea-agents (antrea-io/antrea pkg/agent/apiserver): each asked at an address of its Node and the
 * port of its AntreaAgentInfo, its certificate verified against the apiCABundle there, with a token made for nothing else
 * (`agents.tokenFile`): an AntreaAgentInfo is written by its agent, and must not lead the adapter's own credentials away.
 *
 * Who may come in: ccp/realization (types), operations, the composition, the command line, tests.
 */
export {
  type AgentAnswer,
  type AgentCall,
  type AgentClient,
  type AgentClientDeps,
  agentClientOf,
  createAgentClient,
} from './client.ts'
export { type AgentPlace, type AgentPlaces, agentsOfClient, agentsOfStores } from './places.ts'
