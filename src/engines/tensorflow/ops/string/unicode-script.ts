/** UnicodeScript: the script of code points, by the numbers of ICU. */
import { tensor } from '../../../../tensor/tensor.js'
import type { Kernel, OpTable } from '../../op.js'
import { spend } from '../../run-limits.js'
import { inputAt, toIntegers } from '../array/arguments.js'
import { newData } from '../new-data.js'

/** Codes of ISO 15924 in the order of ICU's UScriptCode (unicode/uscript.h), which begins at 0. */
const codes = `
Zyyy Zinh Arab Armn Beng Bopo Cher Copt Cyrl Dsrt Deva Ethi Geor Goth Grek Gujr Guru Hani Hang Hebr Hira Knda Kana Khmr Laoo
Latn Mlym Mong Mymr Ogam Ital Orya Runr Sinh Syrc Taml Telu Thaa Thai Tibt Cans Yiii Tglg Hano Buhd Tagb Brai Cprt Limb Linb
Osma Shaw Tale Ugar Hrkt Bugi Glag Khar Sylo Talu Tfng Xpeo Bali Batk Blis Brah Cham Cirt Cyrs Egyd Egyh Egyp Geok Hans Hant
Hmng Hung Inds Java Kali Latf Latg Lepc Lina Mand Maya Mero Nkoo Orkh Perm Phag Phnx Plrd Roro Sara Syre Syrj Syrn Teng Vaii
Visp Xsux Zxxx Zzzz Cari Jpan Lana Lyci Lydi Olck Rjng Saur Sgnw Sund Moon Mtei Armi Avst Cakm Kore Kthi Mani Phli Phlp Phlv
Prti Samr Tavt Zmth Zsym Bamu Lisu Nkgb Sarb Bass Dupl Elba Gran Kpel Loma Mend Merc Narb Nbat Palm Sind Wara Afak Jurc Mroo
Nshu Shrd Sora Takr Tang Wole Hluw Khoj Tirh Aghb Mahj Ahom Hatr Modi Mult Pauc Sidd Adlm Bhks Marc Newa Osge Hanb Jamo Zsye
Gonm Soyo Zanb Dogr Gong Maka Medf Rohg Sogd Sogo Elym Hmnp Nand Wcho Chrs Diak Kits Yezi Cpmn Ougr Tnsa Toto Vith Kawi Nagm
`
  .trim()
  .split(/\s+/)

/** Of code points that no script has. */
const unknownScript = codes.indexOf('Zzzz')

const maxCodePoint = 0x10ffff
const notLookedUp = -1

interface Scripts {
  readonly patterns: readonly (readonly [number, RegExp])[]
  /** By code point. */
  readonly found: Int16Array
}

let scripts: Scripts | undefined

/** @returns -1 for what is no code point */
export function scriptOf(codePoint: number): number {
  if (!(codePoint >= 0 && codePoint <= maxCodePoint)) return -1
  scripts ??= { patterns: createPatterns(), found: new Int16Array(maxCodePoint + 1).fill(notLookedUp) }
  const { patterns, found } = scripts
  const known = found[codePoint]!
  if (known !== notLookedUp) return known
  spend(patterns.length)
  const character = String.fromCodePoint(codePoint)
  const script = patterns.find(([, pattern]) => pattern.test(character))?.[0] ?? unknownScript
  found[codePoint] = script
  return script
}

/** Of the scripts that have characters: the other codes stand for ways of writing, which are no property of a character. */
function createPatterns(): readonly (readonly [number, RegExp])[] {
  return codes.flatMap((code, i) => {
    try {
      return [[i, new RegExp(`^\\p{Script=${code}}$`, 'u')] as const]
    } catch {
      return []
    }
  })
}

const unicodeScript: Kernel = (inputs) => {
  const input = inputAt(inputs, 0)
  const codePoints = toIntegers(input)
  const out = newData('int32', input.shape)
  spend(out.length)
  for (let i = 0; i < out.length; i++) out[i] = scriptOf(codePoints[i]!)
  return [tensor('int32', input.shape, out)]
}

export const unicodeScriptOps: OpTable = { UnicodeScript: { kernel: unicodeScript } }
