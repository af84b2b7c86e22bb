/**
 * The habits of speech that are counted, with the number of each that 1,000 words may have. The docstrings of `effect`,
 * `@effect/platform` and `@effect/cluster` stay below every limit.
 */

export interface Habit {
  readonly name: string
  /** Global, and without regard to case. Matched against a passage whose lines are joined by spaces. */
  readonly pattern: RegExp
  readonly limit: number
  /** Counts at the beginning of a docstring only. */
  readonly isOpening?: true
  /** Does not count in a sentence that ends with a question mark. */
  readonly isFineInQuestions?: true
}

export const habits: ReadonlyArray<Habit> = [
  {
    name: "a clause as a noun: what, whether, who, where, whatever",
    pattern: /\b(?:what|whatever|whether|who|where)\b/gi,
    limit: 3,
    isFineInQuestions: true
  },
  {
    name: "a person without a name: nobody, somebody, whoever, those who",
    pattern: /\b(?:(?:any|every|no|some)body|whoever|whomever|(?:those|one) who|no one)\b/gi,
    limit: 0.3
  },
  { name: "tell, tells, told", pattern: /\b(?:tell(?:s|ing)?|told)\b/gi, limit: 0.3 },
  { name: "come, came, goes, went", pattern: /\b(?:comes?|came|goes|went)\b/gi, limit: 0.7 },
  { name: "stand, stands, give, gives, gave", pattern: /\b(?:stands?|stood|gives?|gave)\b/gi, limit: 0.5 },
  {
    name: "\", for\" instead of \"because\"",
    pattern:
      /[,;] for (?:an?|each|every|he|it|its|no|one|she|some|that|the|there|these|they|this|those|we|what|who|you)\b/gi,
    limit: 0.1
  },
  { name: "is no, are no", pattern: /\b(?:are|is|was|were) no\b(?! longer)/gi, limit: 0.3 },
  { name: "anew, beside, meanwhile, at all", pattern: /\b(?:anew|beside|meanwhile|at all)\b/gi, limit: 0.5 },
  {
    name: "a docstring that opens with a clause or with \"Lets\"",
    pattern: /^(?:how|lets|what|whatever|when|where|whether|which|who|whoever|whose|why)\b/gi,
    limit: 0,
    isOpening: true
  }
]
