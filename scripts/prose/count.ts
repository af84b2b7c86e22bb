/** Counts habits in passages. */
import type { Habit } from "./habits.js"
import type { Passage } from "./passages.js"

export interface Hit {
  readonly habit: Habit
  readonly line: number
  /** The words that were found. */
  readonly match: string
  /** The line that they begin in. */
  readonly text: string
}

export interface Count {
  readonly words: number
  readonly hits: ReadonlyArray<Hit>
}

const wordsOf = (text: string): number => text.match(/[\p{L}\p{N}][^\s]*/gu)?.length ?? 0

const isInQuestion = (text: string, from: number): boolean =>
  /[.!?](?=\s|$|["')*_])/.exec(text.slice(from))?.[0] === "?"

/**
 * Counts the words and the hits in those lines of the passages that `includes` accepts; in all of them by default. A hit
 * belongs to the line that it begins in.
 */
export const count = (
  passages: ReadonlyArray<Passage>,
  habits: ReadonlyArray<Habit>,
  includes: (line: number) => boolean = () => true
): Count => {
  let words = 0
  const hits: Array<Hit> = []
  for (const { isOpening, lines } of passages) {
    const starts: Array<number> = []
    let text = ""
    for (const line of lines) {
      starts.push(text.length)
      text += `${line.text} `
      words += includes(line.number) ? wordsOf(line.text) : 0
    }
    for (const habit of habits) {
      if (habit.isOpening === true && !isOpening) {
        continue
      }
      for (const match of text.matchAll(habit.pattern)) {
        const line = lines[starts.findLastIndex((start) => start <= match.index)]
        const isFine = habit.isFineInQuestions === true && isInQuestion(text, match.index)
        if (line !== undefined && !isFine && includes(line.number)) {
          hits.push({ habit, line: line.number, match: match[0], text: line.text })
        }
      }
    }
  }
  return { words, hits }
}

/** Hits per 1,000 words. */
export const rate = (hits: number, words: number): number => words === 0 ? 0 : hits * 1000 / words
