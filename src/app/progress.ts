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

/** Draws one load at a time, on a terminal only; elsewhere nothing is shown, and the log tells of the load when it is done. */
export function createProgress(output: Output): Progress {
  // A terminal's output is a tty.WriteStream.
  const stream = output as NodeJS.WriteStream
  let bar: SingleBar | undefined
  let shown: AspiredVersion | undefined
  const stop = () => {
    bar?.stop()
    bar = undefined
  }
  return {
    stop,
    update(version, doneBytes, totalBytes) {
      if (!output.isTTY || totalBytes < minBytes || (bar && shown !== version)) return
      if (!bar) {
        shown = version
        const format = `loading ${version.servable.model} {bar} {value} of {total} MB`
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
