import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { commands } from './commands/index.js'
import { checkOption, defaultOf } from './option.js'
import { environmentName, optionNames, optionsOf, propertyName, specOf } from './options.js'

describe('the table of options', () => {
  test('spells a name as flag, variable and property', () => {
    assert.equal(environmentName('max-body-bytes'), 'RECSERVE_MAX_BODY_BYTES')
    assert.equal(propertyName('max-body-bytes'), 'maxBodyBytes')
  })

  for (const name of optionNames) {
    const spec = specOf(name)
    test(`${name} is a kebab-case noun with help that is a sentence without its stop`, () => {
      assert.match(name, /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/)
      assert.match(spec.help, /^[A-Za-z].*[^.]$/)
    })
    test(`${name} has a default that it would accept`, () => {
      const value = defaultOf(spec)
      if (value !== undefined && !(value instanceof Map)) assert.equal(checkOption(spec, value, name), value)
    })
  }

  test('names just the commands there are, and every one takes --config and --log-level', () => {
    const named = new Set(optionNames.flatMap((name) => specOf(name).commands))
    assert.deepEqual([...named].sort(), commands.map(({ name }) => name).sort())
    for (const { name } of commands) {
      assert.ok(optionsOf(name).includes('config'))
      assert.ok(optionsOf(name).includes('log-level'))
    }
  })
})
