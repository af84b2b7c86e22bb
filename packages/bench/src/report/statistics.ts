const sorted = (values: ReadonlyArray<number>) => values.toSorted((a, b) => a - b)

export const median = (values: ReadonlyArray<number>): number => {
  const all = sorted(values)
  const middle = Math.floor(all.length / 2)
  const [low = Number.NaN, high = Number.NaN] = [all[all.length % 2 === 0 ? middle - 1 : middle], all[middle]]
  return (low + high) / 2
}

export const range = (values: ReadonlyArray<number>): readonly [low: number, high: number] => {
  const all = sorted(values)
  return [all[0] ?? Number.NaN, all.at(-1) ?? Number.NaN]
}
