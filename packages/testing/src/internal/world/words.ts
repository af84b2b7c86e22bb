/** Words for generated names and messages. */
export const firstNames = [
  "Ada",
  "Ben",
  "Chloé",
  "Dmitri",
  "Emre",
  "Farah",
  "Goro",
  "Hana",
  "Ines",
  "Jürgen",
  "Kofi",
  "Lücia",
  "Mina",
  "Noor",
  "Olu",
  "Priya",
  "Quinn",
  "Rosa",
  "Søren",
  "Tomás",
  "Uma",
  "Viktor",
  "Wren",
  "Ximena",
  "Yuki",
  "Zoë"
] as const

export const things = [
  "otter",
  "comet",
  "lantern",
  "harbour",
  "teapot",
  "glacier",
  "violin",
  "meadow",
  "cactus",
  "orbit",
  "pepper",
  "sparrow"
] as const

export const channelNames = [
  "general",
  "random",
  "help",
  "announcements",
  "music",
  "off-topic",
  "dev",
  "screenshots"
] as const

export const words = [
  "so",
  "the",
  "build",
  "is",
  "green",
  "again",
  "who",
  "wants",
  "tea",
  "later",
  "maybe",
  "tomorrow",
  "déjà",
  "vu",
  "ça",
  "marche",
  "はい",
  "そうです",
  "look",
  "at",
  "this",
  "nobody",
  "knows",
  "why",
  "it",
  "works",
  "ship",
  "привет",
  "lunch",
  "meeting",
  "in",
  "five",
  "minutes",
  "😀",
  "🎉",
  "thanks",
  "good",
  "morning",
  "everyone",
  "fixed",
  "that",
  "bug"
] as const

export const games = ["Chess", "Stardust", "Rail Baron", "Deep Garden", "Kite Racing"] as const

export const emojis = ["👍", "🎉", "😂", "❤️", "👀"] as const
