/** A bar for loads that take long enough for somebody to wonder. */
import { Presets, SingleBar } from 'cli-progress'
import type { AspiredVersion } from '../lifecycle/source.js'
import type { Output } from './commands/command.js'

/** Smaller models are read before a bar could be seen. */
const minBytes = 16 * 2 ** 20
const megabyte = 2 ** 20

export interface Progress {
  update(version: AspiredVersion, doneBytes: number, totalBytes: number): void
  /** Takes the bar away: a load has ended, well or not. */
  stop(): void
}

/** Draws on a terminal only; elsewhere nothing is shown, and the log tells of the load when it is done. */
export function createProgress(output: Output): Progress {
  // A terminal's output is a tty.WriteStream.
  const stream = output as NodeJS.WriteStream
  let bar: SingleBar | undefined
  const stop = () => {
    bar?.stop()
    bar = undefined
  }
  return {
    stop,
    update({ servable }, doneBytes, totalBytes) {
      if (!output.isTTY || totalBytes < minBytes) return
      if (!bar) {
        const format = `loading ${servable.model} {bar} {value} of {total} MB`
        bar = new SingleBar(
          { stream, format, clearOnComplete: true, stopOnComplete: true },
          Presets.shades_classic,
        )
        bar.start(Math.ceil(totalBytes / megabyte), 0)
      }
      bar.update(Math.ceil(doneBytes / megabyte))
      if (doneBytes >= totalBytes) stop()
    },
  }
}
