/** The one table of options: flags, environment names, config keys, help, types and docs/config.md are made from it (options.ts). */
import type { OptionType } from './option.js'

export type CommandName = 'serve' | 'demo' | 'inspect' | 'recommend' | 'predict'

/** One line of the table. */
export type OptionSpec = OptionType & {
  /** What giving it changes and costs, for `--help` and docs/config.md. */
  readonly help: string
  /** The commands that take it. */
  readonly commands: readonly CommandName[]
  /** What stands for the value in help. */
  readonly placeholder?: string
  /** One-letter flag. */
  readonly short?: string
  /** Environment variables that others set for it: looked at last, and only where no option in `unless` is given. */
  readonly foreign?: { readonly variables: readonly string[]; readonly unless: readonly string[] }
  /** How the flag is spelled where it is not the name: TensorFlow Serving's own, which scripts already use. */
  readonly flag?: string
}

const servers = ['serve', 'demo'] as const
const every = ['serve', 'demo', 'inspect', 'recommend', 'predict'] as const

/** The longest a Node.js timer can wait; a longer one fires at once. */
const maxTimerMs = 2 ** 31 - 1

/** In the order `--help` and docs/config.md show them. */
export const options = {
  host: {
    type: 'string',
    placeholder: 'ADDRESS',
    help: "Address to listen on. The default, 127.0.0.1, is reached from this machine only; 0.0.0.0 lets in whoever can reach the machine, and there is no password. Beside --model_base_path or --rest_api_port the default is 0.0.0.0, as TensorFlow Serving's is",
    commands: servers,
  },
  'http-port': {
    type: 'integer',
    min: 0,
    max: 65535,
    default: 8501,
    placeholder: 'PORT',
    help: 'Port of all HTTP routes; 0 takes any free one and prints which',
    commands: servers,
  },
  name: {
    type: 'pairs',
    placeholder: 'NAME=PATH',
    help: "Serves the model at PATH under NAME instead of its folder's name; needed where two folders have the same name",
    commands: ['serve'],
  },
  'model-base-path': {
    type: 'string',
    flag: 'model_base_path',
    placeholder: 'DIR',
    help: "TensorFlow Serving's flag: serves the model whose version folders DIR holds, under the name that --model_name gives",
    commands: ['serve'],
  },
  'model-name': {
    type: 'string',
    flag: 'model_name',
    placeholder: 'NAME',
    help: "TensorFlow Serving's flag: name of the model of --model_base_path; without it the name is 'default'",
    commands: ['serve'],
  },
  'rest-api-port': {
    type: 'integer',
    min: 0,
    max: 65535,
    flag: 'rest_api_port',
    placeholder: 'PORT',
    help: "TensorFlow Serving's flag: port of all HTTP routes, before --http-port. 0 means no HTTP there, which is refused as long as HTTP is all there is",
    commands: ['serve'],
  },
  'grpc-port': {
    type: 'integer',
    min: 0,
    max: 65535,
    flag: 'port',
    placeholder: 'PORT',
    help: "TensorFlow Serving's flag: its gRPC port, never HTTP's. Taken so that its command lines work, but gRPC comes later: nothing listens there",
    commands: ['serve'],
  },
  'saved-model-tags': {
    type: 'list',
    flag: 'saved_model_tags',
    placeholder: 'TAG,TAG',
    help: "TensorFlow Serving's flag: which meta graph of a SavedModel is served: the one that has exactly these tags. Without it that is 'serve'",
    commands: ['serve', 'inspect', 'predict'],
  },
  'wait-for-models': {
    type: 'boolean',
    help: 'Opens the port only when every model has been tried, for clients that take an open port for a ready server; without it, models that still load are answered 503. Implied by --model_base_path and --rest_api_port',
    commands: ['serve'],
  },
  engine: {
    type: 'one-of',
    values: ['auto', 'host'],
    default: 'auto',
    help: 'What runs the graphs of SavedModels. auto gives to ONNX Runtime what it runs faster; host runs every graph on the TypeScript kernels, which is slower on large batches: to compare, and as the way out',
    commands: ['serve'],
  },
  checksums: {
    type: 'one-of',
    values: ['small', 'always', 'never'],
    default: 'small',
    help: "Which SavedModels' weights are compared with the checksums in their files; sizes always are. small is those below 64 MB; always finds damage in all of them, at about the price of reading them once more",
    commands: ['serve'],
  },
  coalesce: {
    type: 'one-of',
    values: ['auto', 'off'],
    default: 'auto',
    help: 'Whether requests for tensors that wait for the same SavedModel are answered by one run. auto does so where the graph is certain to compute each row from that row alone: under load many times as many are answered, and nobody waits for company. Sums may be added up in another order, so that the last digits of an answer depend on who else asks; off gives each request a run of its own',
    commands: ['serve'],
  },
  'immutable-models': {
    type: 'boolean',
    default: false,
    help: 'Promises that the files of a loaded SavedModel are never changed in place (new versions are new folders; old ones may be deleted). Large weights are then mapped rather than read: a model is ready sooner, and processes that serve the same files share their memory. Files that are overwritten or cut short all the same change answers or kill the inference process, and the checksums of what is mapped are not compared',
    commands: ['serve'],
  },
  index: {
    type: 'one-of',
    values: ['exact', 'faiss'],
    default: 'exact',
    help: "How embedding models find the best items. exact compares all of them, in a process of its own, and always finds the true best; faiss uses the model's own faiss_index.bin as LibRecommender's server does: it looks at a part of the items, misses some of the best, and computes in the serving process. A model without that file is searched exactly",
    commands: ['serve', 'demo', 'recommend'],
  },
  bert4rec: {
    type: 'one-of',
    values: ['recbole', 'corrected'],
    default: 'recbole',
    help: "What RecBole's BERT4Rec reads of a sequence. The library drops its oldest item, so that all sequences of one item get one answer; recbole does so, too, and figures agree; corrected reads it",
    commands: ['serve', 'demo', 'recommend'],
  },
  fallback: {
    type: 'one-of',
    values: ['none', 'popular'],
    default: 'none',
    help: 'What a user gets whom the model cannot answer: none is an error (404), so the caller can choose; popular is what most users had, marked as fallback in the answer',
    commands: ['serve', 'demo', 'recommend'],
  },
  'max-n': {
    type: 'integer',
    min: 1,
    max: 1_000_000,
    default: 1000,
    help: 'Most items one native request may ask for. Long answers cost time for everyone who waits behind them',
    commands: servers,
  },
  'libserving-answers': {
    type: 'one-of',
    values: ['python', 'rust'],
    default: 'python',
    help: 'Whose answers the libserving routes give: those of its Python or of its Rust server. Choose the one the clients were written for',
    commands: servers,
  },
  'libserving-model': {
    type: 'pairs',
    keys: ['knn', 'embed', 'tf', 'online'],
    placeholder: 'KIND=NAME',
    help: 'Which model answers /KIND/recommend where several of that kind are served; these routes do not name a model',
    commands: servers,
  },
  'user-to-item-mask': {
    type: 'boolean',
    default: false,
    help: 'Leaves the items of the sequence out of what /v1/{model}/user_to_item answers. Off, as in RecBole, whose sequential models may recommend again what one has had; on is for things that nobody takes twice',
    commands: servers,
  },
  'max-connections': {
    type: 'integer',
    min: 1,
    max: 1_000_000,
    default: 1024,
    help: 'Open connections before new ones are answered 503. More of them need memory and file descriptors (ulimit -n); fewer turn a burst away sooner',
    commands: servers,
  },
  'max-body-bytes': {
    type: 'integer',
    min: 1,
    max: 2 ** 30,
    default: 2 ** 20,
    placeholder: 'BYTES',
    help: 'Largest request body; one of exactly this size is still read, a larger one is answered 413. Each open request may hold this much memory',
    commands: servers,
  },
  'max-tensor-body-bytes': {
    type: 'integer',
    min: 1,
    max: 2 ** 30,
    default: 2 ** 28,
    placeholder: 'BYTES',
    help: 'Largest body of a request that carries tensors (/v1/models/...:predict), which may hold tens of thousands of rows. Each open request may hold several times this much memory',
    commands: servers,
  },
  'request-timeout-ms': {
    type: 'integer',
    min: 1,
    max: maxTimerMs,
    default: 30_000,
    placeholder: 'MS',
    help: 'How long a client may take to send one request. Short frees connections that slow or hostile clients hold; too short cuts off honest ones on bad lines',
    commands: servers,
  },
  'drain-timeout-ms': {
    type: 'integer',
    min: 0,
    max: maxTimerMs,
    default: 30_000,
    placeholder: 'MS',
    help: 'How long a stop (SIGTERM, Ctrl-C) waits for requests under way before their connections are cut. Keep it below what the supervisor waits before it kills',
    commands: servers,
  },
  'max-queued': {
    type: 'integer',
    min: 1,
    max: 1_000_000,
    default: 1024,
    help: 'Requests that may wait for one index, or batches of them for one SavedModel; the next is answered 503 at once. A long queue survives bursts, a short one keeps the wait of those in it short',
    commands: servers,
  },
  'inference-threads': {
    type: 'integer',
    min: 1,
    max: 1024,
    help: 'Threads of one run in an inference process; one unless this or a flag of TensorFlow Serving says more. More answer a lone request over a large catalogue sooner and take the cores from everything else',
    commands: servers,
  },
  'no-specialize': {
    type: 'boolean',
    default: false,
    help: 'Runs graphs of LibRecommender as they are, all pairs of the user and each item: less memory and several times the work. Off, what the items alone decide is computed once, as a model is loaded, wherever the graph is certain to keep its rows apart',
    commands: servers,
  },
  'specialize-max-bytes': {
    type: 'integer',
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    default: 2 ** 30,
    placeholder: 'BYTES',
    help: 'What may be kept, for each model, of what its items alone decide (see --no-specialize); the largest parts beyond it are computed again in every run',
    commands: servers,
  },
  'tensorflow-session-parallelism': {
    type: 'integer',
    min: 0,
    max: 1024,
    flag: 'tensorflow_session_parallelism',
    help: "TensorFlow Serving's flag: the next two at once, each where it is not given itself; 0 means all cores",
    commands: ['serve'],
  },
  'tensorflow-intra-op-parallelism': {
    type: 'integer',
    min: 0,
    max: 1024,
    flag: 'tensorflow_intra_op_parallelism',
    foreign: {
      variables: ['TENSORFLOW_INTRA_OP_PARALLELISM', 'OMP_NUM_THREADS'],
      unless: ['inference-threads', 'tensorflow-session-parallelism'],
    },
    help: "TensorFlow Serving's flag: threads of one operation, as --inference-threads, which goes before it; 0 means all cores",
    commands: ['serve'],
  },
  'tensorflow-inter-op-parallelism': {
    type: 'integer',
    min: 0,
    max: 1024,
    flag: 'tensorflow_inter_op_parallelism',
    foreign: {
      variables: ['TENSORFLOW_INTER_OP_PARALLELISM'],
      unless: ['tensorflow-session-parallelism'],
    },
    help: "TensorFlow Serving's flag: operations of one run that ONNX Runtime may compute at the same time; 0 means all cores, without it it is one",
    commands: ['serve'],
  },
  'run-timeout-ms': {
    type: 'integer',
    min: 1,
    max: maxTimerMs,
    default: 30_000,
    placeholder: 'MS',
    help: 'A run that takes longer kills the inference process it is in, and a fresh one replaces it: those who wait for that model get 503. Short notices a hung run soon; too short kills honest work under load',
    commands: servers,
  },
  user: {
    type: 'string',
    placeholder: 'USER',
    help: 'Id of the user to recommend to',
    commands: ['recommend'],
  },
  n: {
    type: 'integer',
    min: 1,
    max: 1_000_000,
    default: 10,
    short: 'n',
    help: 'How many items to recommend; fewer come where fewer are left',
    commands: ['recommend'],
  },
  sequence: {
    type: 'list',
    placeholder: 'A,B,C',
    help: 'Items the user has just had, oldest first, for users the model does not know or for what happened since it was trained',
    commands: ['recommend'],
  },
  titles: {
    type: 'string',
    placeholder: 'FILE.csv',
    help: 'Shows titles beside the ids: a CSV file whose first column is the item id and whose other columns are what to show',
    commands: ['recommend'],
  },
  'include-consumed': {
    type: 'boolean',
    default: false,
    help: 'Recommends items the user has already had, too: right for things that are used up or watched again',
    commands: ['recommend'],
  },
  inputs: {
    type: 'string',
    placeholder: 'JSON|@FILE',
    help: "Tensors to ask with: inputs by name, or a whole TensorFlow Serving request; @FILE reads JSON from a file, or NumPy arrays where it is an .npz, whose dtypes must then be the signature's",
    commands: ['predict'],
  },
  signature: {
    type: 'string',
    placeholder: 'NAME',
    help: 'Which of the signatures to ask; without it the one that the inputs name, else serving_default. recserve inspect lists them',
    commands: ['predict'],
  },
  outputs: {
    type: 'list',
    placeholder: 'A,B',
    help: 'The only outputs to answer, in this order; what only the others need is not computed',
    commands: ['predict'],
  },
  json: {
    type: 'boolean',
    default: false,
    help: 'Prints JSON for programs instead of text for people',
    commands: ['inspect', 'recommend'],
  },
  'log-level': {
    type: 'one-of',
    values: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    default: 'info',
    placeholder: 'LEVEL',
    help: 'Least severe lines that are logged (on stderr). info tells of models and of refused requests, debug of every request, at a price under load; from debug on, errors of a command come with their stack',
    commands: every,
  },
  'log-format': {
    type: 'one-of',
    values: ['auto', 'text', 'json'],
    default: 'auto',
    help: 'text is for eyes, json (one object a line) for collectors; auto is text on a terminal and json elsewhere',
    commands: servers,
  },
  'log-personal-data': {
    type: 'boolean',
    default: false,
    help: 'Logs of refused requests say why, which may quote user ids and items. Helps to debug a client; the log is then personal data',
    commands: servers,
  },
  config: {
    type: 'string',
    placeholder: 'FILE',
    help: 'Reads options from a YAML or JSON file; flags and environment variables go before it',
    commands: every,
  },
} as const satisfies Record<string, OptionSpec>
