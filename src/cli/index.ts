/**
 * The command line, one file a command, each loaded when it is asked for. The only place beside the sandbox that takes the
 * real world. main.ts comes in here.
 */
import { Command, CommanderError } from 'commander'
import { EXIT, tell } from './terminal.ts'
import { VERSION } from './version.ts'

/** What a command's file offers: it adds its options, its help and its action to the command. */
export interface CommandFile {
  configure(command: Command): void
}

interface Entry {
  readonly name: string
  readonly summary: string
  readonly load: () => Promise<CommandFile>
}

const COMMANDS: readonly Entry[] = [
  {
    name: 'run',
    summary: 'join a cluster to NSX and keep it joined (the daemon)',
    load: () => import('./run.ts'),
  },
  {
    name: 'sandbox',
    summary: 'try everything on this machine: a cluster, a manager and the adapter between them',
    load: () => import('./sandbox.ts'),
  },
  {
    name: 'manager',
    summary: 'the NSX-compatible manager alone, for a site without NSX',
    load: () => import('./manager.ts'),
  },
  {
    name: 'register',
    summary: 'make a cluster known to NSX: certificate, identity, rights, configuration',
    load: () => import('./register.ts'),
  },
  {
    name: 'join',
    summary: 'bring a registered cluster to a further control-plane node',
    load: () => import('./join.ts'),
  },
  {
    name: 'rotate',
    summary: "renew the cluster's certificate in NSX, without an outage",
    load: () => import('./rotate.ts'),
  },
  {
    name: 'deregister',
    summary: 'take a cluster out of NSX, also one that is gone',
    load: () => import('./deregister.ts'),
  },
  {
    name: 'status',
    summary: 'what the daemon does, and what is wrong, worst first',
    load: () => import('./status.ts'),
  },
  {
    name: 'doctor',
    summary: 'check everything the adapter stands on, each ✗ with its cause and what to do',
    load: () => import('./doctor.ts'),
  },
  {
    name: 'diff',
    summary: 'what the next comparison would write, and what holds it back',
    load: () => import('./diff.ts'),
  },
  {
    name: 'explain',
    summary: 'a code; or a policy, rule, group, object or Pod and its whole way between NSX and the nodes',
    load: () => import('./explain.ts'),
  },
  {
    name: 'traceflow',
    summary: "a packet's way through the cluster, hop by hop",
    load: () => import('./traceflow.ts'),
  },
  {
    name: 'statistics',
    summary: 'what the rules of policies matched',
    load: () => import('./statistics.ts'),
  },
  {
    name: 'logs',
    summary: 'what antrea-controller, the agents and the adapter wrote, merged by time',
    load: () => import('./logs.ts'),
  },
  {
    name: 'log-level',
    summary: 'how much they write, and for a while another amount',
    load: () => import('./log-level.ts'),
  },
  {
    name: 'support-bundle',
    summary: 'bundles of antrea-controller, the agents, the cluster and the adapter, in one file',
    load: () => import('./support-bundle.ts'),
  },
  {
    name: 'inspect',
    summary: 'the statecharts that live: state, since when, what comes next; now, as it comes, and as it was',
    load: () => import('./inspect.ts'),
  },
  {
    name: 'console',
    summary: 'the same as drawings, live, in a browser on this machine',
    load: () => import('./console.ts'),
  },
  {
    name: 'transitions',
    summary: 'what the statecharts went through',
    load: () => import('./transitions.ts'),
  },
  {
    name: 'metrics',
    summary: 'what the daemon counts, as Prometheus reads it',
    load: () => import('./metrics.ts'),
  },
  {
    name: 'pause',
    summary: 'for a while write nothing to the cluster, or to NSX; everything else goes on',
    load: () => import('./pause.ts'),
  },
  { name: 'resume', summary: 'end a pause before its time', load: () => import('./resume.ts') },
  {
    name: 'history',
    summary: 'plans, sessions, requests, warnings, problems of the past; how everything was at a moment',
    load: () => import('./history.ts'),
  },
  {
    name: 'config',
    summary: 'check the configuration, show what counts and where it came from',
    load: () => import('./config.ts'),
  },
  {
    name: 'rbac',
    summary: 'the rights it needs in the cluster, as manifests',
    load: () => import('./rbac.ts'),
  },
  {
    name: 'manifest',
    summary: 'the adapter as a Deployment, for nodes that cannot carry a unit of systemd',
    load: () => import('./manifest.ts'),
  },
  {
    name: 'adopt',
    summary: "take over another adapter's policy objects, after showing them",
    load: () => import('./adopt.ts'),
  },
  {
    name: 'protect',
    summary: 'print an admission policy that lets only the adapter write its tiers and objects',
    load: () => import('./protect.ts'),
  },
  {
    name: 'completion',
    summary: 'a script that completes commands and options in a shell',
    load: () => import('./completion.ts'),
  },
  { name: 'man', summary: 'the manual page', load: () => import('./man.ts') },
  { name: 'approve', summary: 'agree to deletes that wait for a person', load: () => import('./approve.ts') },
]

/** Runs one command line (without the executable's own name). Errors are told in a line; the exit code is set. */
export async function runCommandLine(words: readonly string[]): Promise<void> {
  const program = new Command('antrea-nsx-adapter')
    .description('Joins a Kubernetes cluster that runs Antrea to VMware NSX.')
    .version(VERSION, '-V, --version')
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      outputError: (text, write) => write(`antrea-nsx-adapter: CLI_USAGE: ${oneLine(text)}\n`),
    })
    .addHelpText('after', '\nExample:\n  antrea-nsx-adapter status\n  antrea-nsx-adapter help run')
  const asked = words[0] === 'help' ? words[1] : words.find((word) => !word.startsWith('-'))
  const isAboutAll = asked === 'completion' || asked === 'man'
  for (const { name, summary, load } of COMMANDS) {
    const command = program.command(name).description(summary).copyInheritedSettings(program)
    if (name === asked || isAboutAll) (await load()).configure(command)
  }
  try {
    if (words.length === 0) program.outputHelp()
    else await program.parseAsync([...words], { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage
    else tell(error)
  }
}

const oneLine = (text: string): string =>
  text
    .replace(/^error: /, '')
    .trim()
    .replace(/\s*\n\s*/g, ' ')
