/**
 * Numbers for the Random* ops. TensorFlow's come from Philox with a seed that differs between runs (or an op's own counter), so no
 * two runs of TensorFlow agree either, and there is nothing to be equal to: only the distribution counts.
 */
export interface Random {
  /** From 0 up to 1, 32 bits. */
  uniform(): number
  /** Of mean 0 and deviation 1. */
  normal(): number
}

/** Mulberry32: 32 bits of state, passes gjrand's tests; a loaded version has one stream, started from its seed. */
export function createRandom(seed = 0x9e3779b9): Random {
  let state = seed >>> 0
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  // Box and Muller; 1 - u is never 0.
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
  return { uniform, normal }
}
