/** A bar chart as SVG text. */
export function drawBars(
  title: string,
  bars: readonly { readonly label: string; readonly value: number }[],
): string {
  const most = Math.max(...bars.map(({ value }) => value))
  const rows = bars.map(({ label, value }, i) => {
    const y = 40 + i * 28
    const width = (value / most) * 360
    return `<text x="210" y="${y + 14}" text-anchor="end">${label}</text>
<rect x="220" y="${y}" width="${width.toFixed(1)}" height="20" rx="2" fill="#3b6ea5"/>
<text x="${(226 + width).toFixed(1)}" y="${y + 14}">${Math.round(value).toLocaleString('en')}</text>`
  })
  const height = 50 + bars.length * 28
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 660 ${height}" font-family="sans-serif" font-size="12" fill="#222">
<rect width="660" height="${height}" fill="#fff"/>
<text x="10" y="22" font-size="14">${title}</text>
${rows.join('\n')}
</svg>
`
}
