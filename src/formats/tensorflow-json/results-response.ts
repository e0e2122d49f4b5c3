/** Bodies of TensorFlow Serving's classify and regress answers (json_tensor.cc, MakeJsonFrom{Classification,Regression}Result). */
import { type Strings, stringAt } from '../../tensor/strings.js'
import { writeFloat32 } from './decimal.js'
import { PrettyWriter } from './pretty-writer.js'

const resultsKey = Buffer.from('results')
const noLabel = new Uint8Array(0)

export interface Classifications {
  readonly examples: number
  /** Of each example. */
  readonly classes: number
  /** Row-major; all empty without them. */
  readonly labels?: Strings
  /** Row-major; all 0 without them. */
  readonly scores?: Float32Array
}

/** Pairs of label and score, a list of them for each example. */
export function encodeClassifications({ examples, classes, labels, scores }: Classifications): Buffer {
  return encodeResults(examples, (writer, example) => {
    writer.beginArray()
    for (let place = example * classes; place < (example + 1) * classes; place++) {
      writer.beginArray()
      writer.string(labels ? stringAt(labels, place) : noLabel)
      writer.prefix()
      writeFloat32(writer.out, scores ? scores[place]! : 0)
      writer.endArray()
    }
    writer.endArray()
  })
}

/** A number for each example. */
export function encodeRegressions(values: Float32Array): Buffer {
  return encodeResults(values.length, (writer, example) => {
    writer.prefix()
    writeFloat32(writer.out, values[example]!)
  })
}

function encodeResults(examples: number, write: (writer: PrettyWriter, example: number) => void): Buffer {
  const writer = new PrettyWriter(4096)
  writer.beginObject()
  writer.string(resultsKey)
  writer.beginArray()
  for (let example = 0; example < examples; example++) {
    writer.singleLineArrays = true
    write(writer, example)
    writer.singleLineArrays = false
  }
  writer.endArray()
  writer.endObject()
  return writer.out.take()
}
