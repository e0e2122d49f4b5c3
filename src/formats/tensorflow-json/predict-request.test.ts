import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RecserveError } from '../../core/errors.js'
import type { AnyTensor } from '../../tensor/any-tensor.js'
import { stringAt } from '../../tensor/strings.js'
import { type DecodedInputs, PredictRequestBody } from './predict-request.js'

type Types = Readonly<Record<string, string>>
const x: Types = { x: 'float32' }
const ab: Types = { a: 'int64', b: 'float32' }

const decode = (body: string | Uint8Array, types: Types): DecodedInputs =>
  new PredictRequestBody(Buffer.from(body as string)).decode(new Map(Object.entries(types)))

/** Shape and values of the only tensor. */
function only({ inputs }: DecodedInputs): [readonly number[], unknown[]] {
  const [tensor] = [...inputs.values()] as [AnyTensor]
  return [tensor.shape, valuesOf(tensor)]
}

function valuesOf({ dtype, data }: AnyTensor): unknown[] {
  if (dtype !== 'string') return [...(data as Float32Array)]
  return Array.from({ length: data.length }, (_, i) => Buffer.from(stringAt(data, i)).toString('latin1'))
}

const taken: readonly [string, string, Types, number[], unknown[]][] = [
  ['rows of scalars', '{"instances":[1.0, 2 ,5]}', x, [3], [1, 2, 5]],
  ['rows of lists', ' {"instances":[[1.5,2],[3,-4e0]]}', x, [2, 2], [1.5, 2, 3, -4]],
  ['rows of empty lists', '{"instances":[[],[]]}', x, [2, 0], []],
  ['rows of deep lists', '{"instances":[[[1],[2]],[[3],[4]]]}', x, [2, 2, 1], [1, 2, 3, 4]],
  ['rows of named values', '{"instances":[{"x":[1]},{"\\u0078":[2]}]}', x, [2, 1], [1, 2]],
  ['a name twice in a row: the first counts', '{"instances":[{"x":1,"x":2},{"x":3}]}', x, [2], [1, 3]],
  ['a bare scalar', '{"inputs":7}', x, [], [7]],
  ['a bare list', '{"inputs":[[1,2,3]]}', x, [1, 3], [1, 2, 3]],
  ['a named column, others ignored', '{"inputs":{"y":[{}],"x":[1],"x":[2]}}', x, [1], [1]],
  ['the first of two lists', '{"instances":[1],"instances":[2,3]}', x, [1], [1]],
  ['text after the end', '{"instances":[1]}]] rubbish', x, [1], [1]],
  ['a byte order mark', '\ufeff{"instances":[1]}', x, [1], [1]],
  [
    'words',
    '{"instances":[NaN,Inf,-Inf,Infinity,-Infinity]}',
    x,
    [5],
    [Number.NaN, Infinity, -Infinity, Infinity, -Infinity],
  ],
  [
    'what float32 cannot hold',
    '{"instances":[1e300,-1e300,1e-300,16777217]}',
    x,
    [4],
    [Infinity, -Infinity, 0, 16777216],
  ],
  [
    'doubles',
    '{"instances":[0.1,1e308,0.30000000000000004,9223372036854775808]}',
    { x: 'float64' },
    [4],
    [0.1, 1e308, 0.30000000000000004, 2 ** 63],
  ],
  [
    'the ends of int64',
    '{"instances":[9223372036854775807,-9223372036854775808,-1,9007199254740993]}',
    { x: 'int64' },
    [4],
    [9223372036854775807n, -9223372036854775808n, -1n, 9007199254740993n],
  ],
  [
    'the end of uint64',
    '{"instances":[18446744073709551615,0,4294967296]}',
    { x: 'uint64' },
    [3],
    [18446744073709551615n, 0n, 4294967296n],
  ],
  ['the end of uint32', '{"instances":[4294967295,-0]}', { x: 'uint32' }, [2], [4294967295, 0]],
  [
    'the ends of int32',
    '{"instances":[2147483647,-2147483648]}',
    { x: 'int32' },
    [2],
    [2147483647, -2147483648],
  ],
  ['narrow integers, which wrap', '{"instances":[300,-1]}', { x: 'uint8' }, [2], [44, 255]],
  ['int8', '{"instances":[-128,127]}', { x: 'int8' }, [2], [-128, 127]],
  ['uint16, which the original refuses', '{"instances":[65535]}', { x: 'uint16' }, [1], [65535]],
  [
    'half, which the original refuses',
    '{"instances":[0.1,65520,1e-8,-2049]}',
    { x: 'float16' },
    [4],
    [0.0999755859375, Infinity, 0, -2048],
  ],
  [
    'bfloat16, which the original refuses',
    '{"instances":[1.01171875,-1.00390625]}',
    { x: 'bfloat16' },
    [2],
    [1.015625, -1],
  ],
  ['truth values', '{"instances":[true,false]}', { x: 'bool' }, [2], [1, 0]],
  [
    'text and bytes',
    '{"instances":["a\\n\\u00e9\\ud83d\\ude00",{"b64":"/wA="},{ "b64" : "_wA" }]}',
    { x: 'string' },
    [3],
    ['a\n\xc3\xa9\xf0\x9f\x98\x80', '\xff\0', '\xff\0'],
  ],
  ['bytes in lists', '{"inputs":[[{"b64":"YQ=="}],["b"]]}', { x: 'string' }, [2, 1], ['a', 'b']],
]
for (const [name, body, types, shape, values] of taken) {
  test(`takes ${name}`, () => assert.deepEqual(only(decode(body, types)), [shape, values]))
}

test('takes several inputs in any order', () => {
  const { inputs, format } = decode('{"instances":[{"a":1,"b":[1,2]},{"b":[3,4],"a":2}]}', ab)
  assert.equal(format, 'row')
  assert.deepEqual(inputs.get('a')!.data, BigInt64Array.of(1n, 2n))
  assert.deepEqual(inputs.get('b')!.shape, [2, 2])
})

test('takes the signature name wherever it stands', () => {
  const name = (body: string) => new PredictRequestBody(Buffer.from(body)).signatureName
  assert.equal(name('{"signature_name":"s","instances":[1]}'), 's')
  assert.equal(name('{"instances":["signature_name"],"signature_name":"s"}'), 's')
  assert.equal(name('{"instances":[1],"signature\\u005fname":"s","signature_name":"t"}'), 's')
  assert.equal(name('{"instances":[1],"signature_name":""}'), undefined)
})

test('takes bytes that are no UTF-8 as they are', () => {
  const body = Buffer.from('{"instances":["\xff\xc0"]}', 'latin1')
  assert.deepEqual(only(decode(body, { x: 'string' })), [[1], ['\xff\xc0']])
})

const parse = 'JSON Parse error: '
const element = 'Failed to process element: '
const ofList = " of 'instances' list. Error: INVALID_ARGUMENT: "
/** Section 1.8 of the notes on TensorFlow Serving: the original's texts. */
const refused: readonly [string, Types, string][] = [
  ['', x, `${parse}The document is empty`],
  ['   ', x, `${parse}The document is empty. at offset: 3`],
  [']', x, `${parse}The document is empty. at offset: 0`],
  ['abc', x, `${parse}Invalid value. at offset: 0`],
  ['{"a":nul}', x, `${parse}Invalid value. at offset: 8`],
  ['{"a":[1,]}', x, `${parse}Invalid value. at offset: 8`],
  ['{"a":nan}', x, `${parse}Invalid value. at offset: 6`],
  ['{', x, `${parse}Missing a name for object member. at offset: 1`],
  ['{"a":1,}', x, `${parse}Missing a name for object member. at offset: 7`],
  ['{"a" 1}', x, `${parse}Missing a colon after a name of object member. at offset: 5`],
  ['{"a":1', x, `${parse}Missing a comma or '}' after an object member. at offset: 6`],
  ['{"a":[1 2]}', x, `${parse}Missing a comma or ']' after an array element. at offset: 8`],
  ['{"a":[01]}', x, `${parse}Missing a comma or ']' after an array element. at offset: 7`],
  ['{"a":"b', x, `${parse}Missing a closing quotation mark in string. at offset: 7`],
  ['{"a":"\\x"}', x, `${parse}Invalid escape character in string. at offset: 6`],
  ['{"a":"\n"}', x, `${parse}Invalid escape character in string. at offset: 6`],
  ['{"a":"\\u12g4"}', x, `${parse}Incorrect hex digit after \\u escape in string. at offset: 6`],
  ['{"a":"\\ud800x"}', x, `${parse}The surrogate pair in string is invalid. at offset: 6`],
  ['{"a":1.}', x, `${parse}Miss fraction part in number. at offset: 7`],
  ['{"a":1.5e+}', x, `${parse}Miss exponent in number. at offset: 10`],
  ['{"instances":[1e309]}', x, `${parse}Number too big to be stored in double. at offset: 14`],
  ['{"instances":["x"],"z":tru}', x, `${parse}Invalid value. at offset: 26`],
  ['[1]', x, 'JSON Value: [1] Is not object'],
  [
    '{"instances":[1],"signature_name":5}',
    x,
    `JSON Value: {\n    "instances": [1],\n    "signature_name": 5\n} not formatted correctly. 'signature_name' key must be a string value.`,
  ],
  [
    '{"inputs":1,"instances":2}',
    x,
    `JSON Value: {\n    "inputs": 1,\n    "instances": 2\n} Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist `,
  ],
  [
    '{"instances":["x"],"inputs":2}',
    x,
    `JSON Value: {\n    "instances": ["x"],\n    "inputs": 2\n} Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist `,
  ],
  ['{}', x, "Missing 'inputs' or 'instances' key"],
  ['{"instances":{}}', x, `JSON Value: {\n    "instances": {}\n} Expecting 'instances' to be an list/array`],
  ['{"instances":[]}', x, `JSON Value: {\n    "instances": []\n} No values in 'instances' array`],
  ['{"instances":[1]}', {}, 'Failed to get input map for signature: DEFAULT'],
  [
    '{"instances":[1],"signature_name":"get_counter"}',
    {},
    'Failed to get input map for signature: get_counter',
  ],
  [
    '{"instances":[1]}',
    ab,
    'instances is a plain list, but expecting list of objects as multiple input tensors required as per tensorinfo_map',
  ],
  [
    '{"inputs":[1]}',
    ab,
    'inputs is a plain value/list, but expecting an object as multiple input tensors required as per tensorinfo_map',
  ],
  ['{"instances":[{"x":1},[2]]}', x, 'Expecting object but got list at item 1 of input list'],
  ['{"instances":[1,{"x":1}]}', x, 'Expecting value/list but got object at item 1 of input list'],
  [
    '{"instances":[{"a":1}]}',
    ab,
    `${element}0 of 'instances' list. JSON object: {\n    "a": 1\n} keys must be equal to: a,b`,
  ],
  [
    '{"instances":[{"a":1,"zz":2}]}',
    ab,
    `${element}0 key: zz${ofList}JSON object: does not have named input: zz`,
  ],
  [
    '{"instances":[1,2,"x"]}',
    x,
    `${element}2${ofList}JSON Value: "x" Type: String is not of expected type: float`,
  ],
  [
    '{"instances":[[1,null]]}',
    x,
    `${element}0${ofList}JSON Value: null Type: Null is not of expected type: float`,
  ],
  [
    '{"instances":[{"a":1.0,"b":1}]}',
    ab,
    `${element}0 key: a${ofList}JSON Value: 1.0 Type: Number is not of expected type: int64`,
  ],
  [
    '{"instances":[{"a":9223372036854775808,"b":1}]}',
    ab,
    `${element}0 key: a${ofList}JSON Value: 9223372036854775808 Type: Number is not of expected type: int64`,
  ],
  ['{"inputs":"x"}', x, 'JSON Value: "x" Type: String is not of expected type: float'],
  ['{"inputs":{"x":true}}', x, 'JSON Value: true Type: True is not of expected type: float'],
  [
    '{"inputs":{"x":{"b":[1,{}]}}}',
    x,
    'JSON Value: {\n    "b": [1, {}]\n} Type: Object is not of expected type: float',
  ],
  [
    '{"inputs":2147483648}',
    { x: 'int32' },
    'JSON Value: 2147483648 Type: Number is not of expected type: int32',
  ],
  ['{"inputs":-1}', { x: 'uint64' }, 'JSON Value: -1 Type: Number is not of expected type: uint64'],
  ['{"inputs":1}', { x: 'bool' }, 'JSON Value: 1 Type: Number is not of expected type: bool'],
  ['{"inputs":1e100}', { x: 'string' }, 'JSON Value: 1e100 Type: Number is not of expected type: string'],
  ['{"inputs":{"a":1}}', ab, "Missing named input: b in 'inputs' object."],
  ['{"instances":[[1,2],[1,2,3]]}', x, `${element}1${ofList}Expecting tensor size: 2 but got: 3`],
  ['{"instances":[[1,2],[[1,2]]]}', x, `${element}1${ofList}Expecting shape [2] but got: [1,2]`],
  [
    '{"instances":[[[1,2],[1,2,3]]]}',
    x,
    `${element}0${ofList}Encountered list at unexpected size: 3 at level: 1 expected size: 2`,
  ],
  [
    '{"instances":[[[1,2],[1,"x",3]]]}',
    x,
    `${element}0${ofList}Encountered list at unexpected size: 3 at level: 1 expected size: 2`,
  ],
  [
    '{"inputs":[[[1],[2]],[[3],["x"],[4]]]}',
    x,
    'Encountered list at unexpected size: 3 at level: 1 expected size: 2',
  ],
  ['{"inputs":[1,[2]]}', x, 'Encountered list at unexpected level: 1 expected < 1'],
  [
    '{"inputs":[[1],1]}',
    x,
    'JSON Value: 1 found at incorrect level: 2 in the JSON DOM. Expected at level: 2',
  ],
  ['{"inputs":{"b64":"a"}}', { x: 'string' }, 'Unable to base64 decode'],
  ['{"inputs":[{"b64":"Y=Q="}]}', { x: 'string' }, 'Unable to base64 decode'],
  [
    '{"inputs":[{"b64":1}]}',
    { x: 'string' },
    'JSON Value: {\n    "b64": 1\n} not formatted correctly for base64 data',
  ],
  [
    '{"instances":[1.5]}',
    { x: 'complex64' },
    `${element}0 of 'instances' list. Error: UNIMPLEMENTED: Conversion of JSON Value: 1.5 to type: complex64`,
  ],
]
describe('refuses in the words of the original', () => {
  for (const [body, types, message] of refused) {
    test(body.slice(0, 60), () => {
      assert.throws(() => decode(body, types), new RecserveError('invalid_argument', message))
    })
  }
})

test('refuses a dtype without a form in JSON as unimplemented', () => {
  const message = 'Conversion of JSON Value: 1.5 to type: complex64'
  assert.throws(
    () => decode('{"inputs":[1.5]}', { x: 'complex64' }),
    new RecserveError('unimplemented', message),
  )
})

test('quotes no more than some 256 bytes', () => {
  const body = `{"instances":{"a":[${'1,'.repeat(1000)}1]}}`
  const around = "JSON Value:  Expecting 'instances' to be an list/array".length
  assert.throws(
    () => decode(body, x),
    ({ message }: Error) => message.length >= around + 256 && message.length < around + 270,
  )
})

test('takes nesting as deep as the original takes', () => {
  const depth = 500_000
  const ignored = `{"z":${'['.repeat(depth)}${']'.repeat(depth)},"instances":[1]}`
  assert.deepEqual(only(decode(ignored, x)), [[1], [1]])
  const deep = `{"inputs":${'['.repeat(depth)}1${']'.repeat(depth)}}`
  assert.throws(
    () => decode(deep, x),
    new RecserveError('invalid_argument', 'Encountered lists at more than 254 levels'),
  )
})
