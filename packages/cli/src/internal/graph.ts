/** Numbers as small pictures of text. */

const levels = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

/** A column for each value, between the least and the greatest of them; equal values are low. */
export const sparkline = (values: ReadonlyArray<number>): string => {
  const [least, greatest] = [Math.min(...values), Math.max(...values)]
  const span = greatest - least
  return values
    .map((value) => levels[span === 0 ? 0 : Math.round((value - least) / span * (levels.length - 1))])
    .join("")
}

/** As many columns as the share of the greatest; something is at least one. */
export const bar = (value: number, greatest: number, columns: number): string =>
  "█".repeat(value <= 0 || greatest <= 0 ? 0 : Math.max(1, Math.round(value / greatest * columns)))
