#!/usr/bin/env node
import { runCli } from './cli.js'
import type { Io } from './commands/command.js'
import { createStopSignal } from './stop-signal.js'

let stop: AbortSignal | undefined

const io: Io = {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  stopSignal() {
    stop ??= createStopSignal({
      on: (signal, listener) => process.on(signal, listener),
      off: (signal, listener) => process.off(signal, listener),
      now: () => performance.now(),
      raise: (signal) => process.kill(process.pid, signal),
    })
    return stop
  },
}

// Whoever reads us may leave first (`| head`, a log collector that dies): no reason for a server to end.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}

process.exitCode = await runCli(process.argv.slice(2), io)
