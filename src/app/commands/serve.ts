import { RecserveError } from '../../core/errors.js'
import { toServePlan } from '../serve-plan.js'
import { runServer } from '../server.js'
import type { Command } from './command.js'

export const serve: Command<'serve'> = {
  name: 'serve',
  summary: 'Serve every model found below the given directories over HTTP',
  arguments: [
    { form: '[PATH...]', help: 'directories that hold models at any depth, or are models themselves' },
  ],
  examples: [
    { command: 'recserve serve ./models', what: 'every model below ./models, on http://127.0.0.1:8501' },
    { command: 'recserve serve ./models/movies-als --http-port 8000', what: 'one model, on another port' },
    {
      command: 'recserve serve --name movies=./runs/17/als --name books=./runs/9/als',
      what: 'folders of the same name, told apart',
    },
    {
      command: 'recserve serve ./models --host 0.0.0.0 --fallback popular',
      what: 'for other machines, and with an answer for unknown users',
    },
    {
      command: 'recserve serve --model_base_path=/models/ncf --model_name=ncf --rest_api_port=8501',
      what: "TensorFlow Serving's own flags, for a folder of numbered versions",
    },
  ],
  async run(paths, options, io) {
    const plan = toServePlan(options)
    if (paths.length === 0 && plan.names.size === 0) {
      throw new RecserveError(
        'invalid_argument',
        'what shall be served? Give a directory, or --name NAME=PATH',
      )
    }
    const { engine, savedModelTags, immutableModels, checksums, coalesce } = options
    const graphs = {
      lowering: engine === 'auto',
      immutable: immutableModels,
      checksums: checksums === 'small' ? checksums : checksums === 'always',
      ...(savedModelTags && { savedModelTags }),
      ...(coalesce === 'auto' && { batching: {} }),
    }
    return runServer({ paths, ...plan, graphs, options, io })
  },
}
