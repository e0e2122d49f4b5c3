/** What RecBole does with numbers after filtering: fill what is missing, scale (Dataset._fill_nan, _normalize). */

/** NaN becomes the mean of the others. */
export function meanFilled(values: Float64Array): Float64Array {
  const known = values.filter((value) => !Number.isNaN(value))
  if (known.length === values.length || known.length === 0) return values
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length
  return values.map((value) => (Number.isNaN(value) ? mean : value))
}

/** To 0..1 by the smallest and the largest; all 1 where they are the same. */
export function scaled(values: Float64Array): Float64Array {
  let low = Infinity
  let high = -Infinity
  for (const value of values) {
    if (value < low) low = value
    if (value > high) high = value
  }
  return low === high
    ? new Float64Array(values.length).fill(1)
    : values.map((value) => (value - low) / (high - low))
}
