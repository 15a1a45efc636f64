/** GET /explain?what=…: a policy, rule, group or object and the whole way between NSX and the nodes, in both directions. */
import type { CcpInsight, PlanPreview } from '../ccp/index.ts'
import { asAdapterError, needsPerson, waitFor } from '../errors.ts'
import { EXPLAIN_STATISTICS_MS, EXPLAIN_WORD_CHARS_MAX } from '../limits.ts'
import { type Clock, inSlices, type ServerRequest, type ServerResponse, type Steps } from '../world/index.ts'
import { fail, json } from './answers.ts'
import { explainGroup, explainUsed } from './explain-group.ts'
import { nearestNames, type Subject, subjectsOf, subjectWords } from './explain-names.ts'
import { explainKubeGroup, explainKubePolicy, explainTier } from './explain-object.ts'
import { explainPod } from './explain-pod.ts'
import { explainPolicy, withStatistics } from './explain-policy.ts'
import type { Explained, Scene } from './explain-types.ts'
import type { Looking, Sight, Turns } from './sight.ts'

const SUBJECTS_NAMED = 10

/** 404 EXPLAIN_UNKNOWN with what it resembles, 409 EXPLAIN_SEVERAL with what is called so, 503 while nothing is known. */
export async function showExplanation(
  { sight, clock }: Looking,
  turns: Turns,
  { query, signal }: ServerRequest,
): Promise<ServerResponse> {
  const word = query.get('what') ?? ''
  if (word === '' || word.length > EXPLAIN_WORD_CHARS_MAX)
    return fail(400, 'SERVE_BAD_QUERY', `what must have from 1 to ${EXPLAIN_WORD_CHARS_MAX} characters`)
  try {
    return json(200, await turns.run(signal, (over) => explainWord(sight(), word, clock, over)))
  } catch (error) {
    const { code, message } = asAdapterError(error)
    const status: Readonly<Record<string, number>> = {
      EXPLAIN_UNKNOWN: 404,
      EXPLAIN_SEVERAL: 409,
      SERVE_BUSY: 429,
    }
    return fail(status[code] ?? 503, code, message)
  }
}

/** Rejects as `preview` does, and with EXPLAIN_UNKNOWN and EXPLAIN_SEVERAL (needs-person). */
export async function explainWord(
  sight: Sight,
  word: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<Explained> {
  const { ccp } = sight
  if (ccp === undefined)
    throw waitFor('CHANNEL_NOT_STARTED', 'the channels are not started yet; ask again in a moment')
  const scene = await sceneOf(ccp, sight, word, signal)
  const sliced = <T>(steps: Steps<T>) => inSlices(steps, clock, signal)
  const subjects = await sliced(subjectsOf(scene, word))
  const [subject] = subjects
  if (subject === undefined) throw unknown(word, await sliced(nearestNames(scene, word)))
  if (subjects.length > 1)
    throw needsPerson(
      'EXPLAIN_SEVERAL',
      `several are called ${word}; say which: ${subjects.slice(0, SUBJECTS_NAMED).map(subjectWords).join(', ')}`,
    )
  return explainSubject(scene, subject, clock, signal)
}

/** Of what the cluster holds, an instance can tell that was never told what NSX wants. */
const OF_CLUSTER = /^(clusternetworkpolic(y|ies)|acnp|cnp|clustergroups?|cg|tiers?|pods?)\//i

async function sceneOf(ccp: CcpInsight, sight: Sight, word: string, signal: AbortSignal): Promise<Scene> {
  const { clusterId } = ccp
  try {
    return { ...(await ccp.preview(signal)), clusterId, sight }
  } catch (error) {
    if (asAdapterError(error).code !== 'CCP_NO_COPY' || !OF_CLUSTER.test(word)) throw error
    return { ...BLIND, isBlind: true, clusterId, sight }
  }
}

const BLIND: PlanPreview = {
  state: { source: '', epoch: '', version: 0, objects: new Map(), snapshotMs: 0, digest: () => '' },
  translation: { policies: [], held: [], empty: [], groups: new Map(), tiers: [] },
  plan: {
    steps: [],
    held: new Map(),
    warnings: [],
    deletes: { kind: 'free' },
    rivals: [],
    awaiting: [],
    unused: [],
    renaming: [],
    resting: [],
    againMs: undefined,
  },
}

function unknown(word: string, near: readonly string[]) {
  const help =
    near.length === 0
      ? "name an NSX path, a rule's id, clusternetworkpolicy/NAME, clustergroup/NAME, tier/NAME, pod/NAMESPACE/NAME or a code"
      : `did you mean ${near.join(', ')}?`
  return needsPerson(
    'EXPLAIN_UNKNOWN',
    `nothing that NSX wants in this cluster, nor anything of it in the cluster, is called ${word}; ${help}`,
  )
}

async function explainSubject(
  scene: Scene,
  subject: Subject,
  clock: Clock,
  signal: AbortSignal,
): Promise<Explained> {
  const { sight } = scene
  const sliced = <T>(steps: Steps<T>) => inSlices(steps, clock, signal)
  switch (subject.kind) {
    case 'policy':
      return counted(explainPolicy(scene, subject.path, subject.rulePath), sight, clock, signal)
    case 'group':
      return sliced(explainGroup(scene, subject.path))
    case 'used':
      return sliced(explainUsed(scene, subject.as, subject.path))
    case 'kube-policy': {
      const object = explainKubePolicy(scene, subject.name)
      return object.from?.kind === 'SecurityPolicy'
        ? { ...object, from: await counted(object.from, sight, clock, signal) }
        : object
    }
    case 'kube-group':
      return sliced(explainKubeGroup(scene, subject.name))
    case 'tier':
      return explainTier(scene, subject.name)
    case 'pod': {
      const pod = sight.stores.pods.get(subject.key)
      if (pod === undefined) throw unknown(subjectWords(subject), [])
      return sliced(explainPod(scene, pod))
    }
  }
}

/** Counters are asked of the API server, for a while. */
async function counted(
  policy: ReturnType<typeof explainPolicy>,
  sight: Sight,
  clock: Clock,
  signal: AbortSignal,
) {
  const over = new AbortController()
  const onAbort = () => over.abort(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  const timer = clock.setTimeout(
    () =>
      over.abort(
        waitFor(
          'STATISTICS_LATE',
          'the counters did not come in time; `antrea-nsx-adapter statistics` asks for longer',
        ),
      ),
    EXPLAIN_STATISTICS_MS,
  )
  try {
    return await withStatistics(policy, sight, over.signal)
  } finally {
    clock.clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}
