#!/usr/bin/env node
/** The executable. Everything else is the command line's (cli/). */
import { runCommandLine } from './cli/index.ts'

// Whoever reads us may leave (`| head`): that is no error.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
  })

// Whatever still holds the event loop must not hold the process. (Not awaited: the executable's modules are CommonJS.)
void runCommandLine(process.argv.slice(2)).then(() => process.exit())
