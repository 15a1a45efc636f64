/** This machine: configuration, endpoint, commands, sandbox. */
import type { Entries } from './types.ts'

export const HERE: Entries = {
  CONFIG_UNREADABLE: [
    'A file that the configuration needs cannot be read',
    'Check the path and the rights of the file for the user of the daemon.',
  ],
  CONFIG_SYNTAX: ['The configuration is not valid YAML', 'The message has file, line and column.'],
  CONFIG_UNKNOWN_KEY: [
    'A setting that does not exist',
    'The message has its place and the nearest one that does.',
  ],
  CONFIG_MISSING: [
    'A setting that is needed is not there',
    'Give it in the file, the environment or as a flag.',
  ],
  CONFIG_INVALID: ['A setting has a value it cannot have', 'The message has its place and what it must be.'],
  CONFIG_CERTIFICATE: [
    "The cluster's certificate, its key or the CA do not fit",
    'The message says which, and with what.',
  ],
  CONFIG_RELOAD: [
    'The configuration or the certificate was looked at again and is not right; nothing was changed',
    'The message says what is wrong; `antrea-nsx-adapter config check` says it too. Then reload again.',
  ],
  CONFIG_NEEDS_RESTART: [
    'A setting that was changed is not taken before the next start',
    'Restart the service; policy in force stays meanwhile.',
  ],
  SERVE_CANNOT_LISTEN: [
    'The status endpoint cannot listen',
    'Another process does, or the folder is not there. Set serve.socket or serve.listen.',
  ],
  PAUSED: [
    'Writing is paused',
    '`antrea-nsx-adapter status` says since when and until when; `antrea-nsx-adapter resume all` ends it at once.',
  ],
  CONFIG_TOKEN: [
    'serve.tokenFile does not hold a token',
    'Write one long word into it, for example of `openssl rand -base64 32`.',
  ],
  SERVE_UNAUTHORIZED: [
    'Health and metrics are told elsewhere only to who says who he is',
    'Show a client certificate of serve.tls.clientCa, or send the token of serve.tokenFile as a bearer token.',
  ],
  SERVE_REMOTE: [
    'What is asked for is not told elsewhere',
    'Ask on the machine itself, by the unix socket: only /livez, /readyz and /metrics are served elsewhere.',
  ],
  SERVE_FORBIDDEN: [
    'The status endpoint is not for web pages',
    'Ask without an Origin header, by a loopback name.',
  ],
  DAEMON_UNREACHABLE: [
    'The daemon does not answer on its socket',
    'Is it running? Is --socket right? May this user read it?',
  ],
  DIAGNOSTICS_UNREADABLE: [
    'The diagnostics file cannot be read',
    'Check the path; it is readable by its owner alone.',
  ],
  EXPLAIN_UNKNOWN: ['No such code', '`explain` without a code lists them all.'],
  INTERNAL: ['A fault of the adapter itself', 'It goes on where it can. Please report it with its log.'],
  CLI_USAGE: ['The command line is not understood', 'See --help of the command.'],
  SERVE_METHOD: ['Another method is needed', 'The message says which.'],
  SERVE_NOT_FOUND: ['The status endpoint does not have that path', 'The message lists those it has.'],
  SERVE_BAD_QUERY: ['The query cannot be', 'The message says what it must be.'],
  SANDBOX_NOT_READY: [
    'The sandbox did not get ready',
    'The message says why; the lines before it show what happened.',
  ],
  SANDBOX_CANNOT_LISTEN: [
    'A port that was asked for is taken',
    'Choose another one, or none for a free one.',
  ],
  SANDBOX_REAL_NOT_HERE: [
    'The real control plane cannot be had here',
    'It is built on Linux, from a checkout, with Go 1.26 or newer; the message says what is missing. Without --real the sandbox needs none of these.',
  ],
  SANDBOX_REAL_BUILD: [
    'The real control plane could not be built',
    "The message has the go command's own words. The first build fetches Go modules: look at the network and at GOPROXY.",
  ],
  SANDBOX_REAL_START: [
    'A program of the real control plane did not start',
    'The message has the last lines that it wrote. Try again; if it lasts, look at the memory and the disk of this machine.',
  ],
  SANDBOX_READY_FILE: [
    'The ready file cannot be written',
    'Choose a path in a folder that is there and yours.',
  ],
  SANDBOX_NOT_REGISTERED: [
    'The manager does not list the cluster',
    'A fault of the sandbox; please report it.',
  ],
  SANDBOX_CALL_FAILED: ['A call of the sandbox was refused', "The message has the peer's own words."],
  SCENARIO_FAILED: ['A step of the scenario failed', 'The message names it and says what was not seen.'],
  SCENARIO_NOT_SEEN: [
    'What a step waits for did not come in time',
    'The lines before it show what happened.',
  ],
  SCENARIO_POLICY_LOST: [
    'A policy went while the link was down',
    'A fault of the adapter; please report it with the lines before it.',
  ],
  SCENARIO_LINK_NOT_BROKEN: [
    'A change came over a link that was broken',
    'A fault of the sandbox; please report it.',
  ],
  SCENARIO_POD_NOT_RUNNING: [
    'A Pod of the scenario does not run',
    'Look at it with kubectl; its image may not be there.',
  ],
}
