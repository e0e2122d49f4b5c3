/** What `inspect` has found out, for people. */
import type { Placement } from '../engines/engine.js'
import type { Inspection, SignatureInspection, TensorInspection } from './inspection.js'
import type { GraphInspection } from './saved-model-inspection.js'

export function toText(inspections: readonly Inspection[]): string {
  return inspections.map((inspection) => `${linesOf(inspection).join('\n')}\n`).join('\n')
}

function linesOf({ model, version, kind, servable, reason, summary, ...rest }: Inspection): string[] {
  const { provenance = {}, signatures = [], graph, warnings = [], files } = rest
  return [
    `${model}, version ${version}`,
    `  kind       ${kind ?? 'none'}${summary ? ` (${summary.algorithm})` : ''}`,
    `  servable   ${servable ? 'yes' : `no: ${reason}`}`,
    ...(summary
      ? [
          ...line('users', summary.users),
          ...line('items', summary.items),
          ...line('width', summary.width),
          ...line('memory', summary.memoryBytes === undefined ? undefined : toSize(summary.memoryBytes)),
        ]
      : []),
    ...Object.entries(provenance).flatMap(([what, from]) => line(`${what} from`, from)),
    ...(graph ? graphLines(graph) : []),
    ...warnings.map((warning) => `  warning    ${warning}`),
    ...(signatures.length > 0 ? ['  signatures', ...signatures.flatMap(signatureLines)] : []),
    '  files',
    ...files.map(({ name, bytes }) => `    ${name}  ${toSize(bytes)}`),
  ]
}

function line(what: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [`  ${what.padEnd(10)} ${value}`]
}

/** Kinds of ops that are worth a line; `--json` has all. */
const shownOps = 12

function graphLines({ tagSets, tensorflowVersion, ops, variables, placement }: GraphInspection): string[] {
  const counts = ops.slice(0, shownOps).map(({ op, count }) => `${op} ${count}`)
  const more = ops.length > shownOps ? `, and ${ops.length - shownOps} other ops` : ''
  return [
    ...line('written by', tensorflowVersion === '' ? undefined : `TensorFlow ${tensorflowVersion}`),
    ...line('tags', tagSets.map((tags) => tags.join(',') || '(none)').join(' | ')),
    ...line('variables', `${variables.count} (${toSize(variables.bytes)})`),
    ...line('ops', `${counts.join(', ')}${more}`),
    ...line('runs on', placement && placementText(placement)),
  ]
}

function placementText({ pieces, nodes, kernels, refused }: Placement): string {
  const onRuntime = pieces === 0 ? [] : [`ONNX Runtime: ${nodes} nodes in ${count(pieces, 'piece')}`]
  const total = kernels.reduce((sum, [, each]) => sum + each, 0)
  const ops = kernels.slice(0, shownOps).map(([op, each]) => `${op} ${each}`)
  const onKernels = total === 0 ? [] : [`kernels: ${count(total, 'node')} (${ops.join(', ')})`]
  const parts = [...onRuntime, ...onKernels, ...refused.map((reason) => `refused by the runtime: ${reason}`)]
  return parts.length === 0 ? 'kernels' : parts.join('; ')
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`

function signatureLines({ name, methodName, inputs, outputs, ...rest }: SignatureInspection): string[] {
  const { servable, reason, missing = [] } = rest
  return [
    `    ${name}${methodName ? `  (${methodName})` : ''}`,
    ...(servable ? [] : [`      not served: ${reason}`]),
    // The reason names the first three.
    ...missing
      .filter(({ nodes }) => nodes.length > 3)
      .map(({ op, nodes }) => `      ${op}: ${nodes.join(', ')}`),
    ...inputs.map((tensor) => `      in   ${tensorText(tensor)}`),
    ...outputs.map((tensor) => `      out  ${tensorText(tensor)}`),
  ]
}

function tensorText({ name, dtype, shape }: TensorInspection): string {
  return `${name}  ${dtype} ${shape ? `[${shape.map((size) => (size < 0 ? '?' : size)).join(', ')}]` : 'of any rank'}`
}

function toSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  return bytes < 2 ** 20 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 2 ** 20).toFixed(1)} MB`
}
