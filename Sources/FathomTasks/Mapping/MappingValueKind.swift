import FathomCore
import FathomMapping

/// Which value generators a mapping family draws from.
public enum MappingValues: String, Sendable, CaseIterable {
  /// Syllables, random letters, names, codes, letters with digits, numbers, dates.
  case training
  /// The same with real words, some of them joined or with digits, in place of all plain text: values of a shape that
  /// training never shows.
  case heldOut
}

/// A shape of values: all values of a field have the same.
enum MappingValueKind: Equatable, Sendable {
  /// `qiqu`
  case word
  /// `xkbw`
  case letters
  /// `Qiqu`
  case name
  /// `QIQU`
  case shout
  /// `XKB`
  case code
  /// `x7k`, `B42`
  case mixed
  /// `"04711"`
  case digits
  /// `"472"`, never with a zero in front
  case numeral
  /// `472`
  case integer
  /// `72.5`
  case decimal
  case date(MappingDate.Format)
  /// `qe_wu`, `x7-kb`
  case compound(separator: String)
  /// `Qiqu Wabe`
  case fullName
  /// The codes of `MappingTable.known[index]`.
  case table(Int)
  /// `copper7`
  case realWord
  /// `CopperLake`
  case camel
  /// `copper@lake`
  case realCompound(separator: String)

  /// What stands for this shape when values are held out.
  func heldOut(_ random: inout TaskRandom) -> MappingValueKind {
    switch self {
    case .word, .letters, .mixed, .digits: random.chance(0.5) ? .realWord : .camel
    case .name, .shout, .code: .camel
    case .compound, .fullName: .realCompound(separator: random.pick(["@", ".", ":", "+"]))
    default: self
    }
  }

  func value(_ random: inout TaskRandom) -> JSON {
    switch self {
    case .word: return .string(Self.syllables(&random, upTo: 3))
    case .letters: return .string(Self.text("abcdefghijklmnopqrstuvwxyz", 2...5, &random))
    case .name: return .string(Self.capitalised(Self.syllables(&random, upTo: 3)))
    case .shout: return .string(Self.syllables(&random, upTo: 3).uppercased())
    case .code: return .string(Self.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 2...4, &random))
    case .mixed:
      let letter = Self.text("abcdefghijkmnpqrstuvwxyz", 1...2, &random)
      let tail = Self.text("0123456789", 1...2, &random)
      let end = random.chance(0.4) ? Self.text("abcdefghijkmnpqrstuvwxyz", 1...2, &random) : ""
      let text = letter + tail + end
      return .string(random.chance(0.5) ? text : text.uppercased())
    case .digits: return .string(Self.text("0123456789", 2...5, &random))
    case .numeral: return .string(String(Int.random(in: 10...999, using: &random)))
    case .integer: return .integer(Int.random(in: 10...999, using: &random))
    case .decimal: return .double(Double(Int.random(in: 11...999, using: &random)) / 10)
    case .date(let format):
      // The day always exists, so no draw is repeated.
      let date = MappingDate(
        year: Int.random(in: 1940...2029, using: &random),
        month: Int.random(in: 1...12, using: &random), day: Int.random(in: 1...28, using: &random))
      return .string(date?.text(format) ?? "")
    case .compound(let separator):
      return .string(Self.part(&random) + separator + Self.part(&random))
    case .fullName:
      let front = Self.capitalised(Self.syllables(&random, upTo: 2))
      return .string(front + " " + Self.capitalised(Self.syllables(&random, upTo: 2)))
    case .table(let index): return random.pick(MappingTable.known[index].entries).code
    case .realWord:
      let word = random.pick(Self.realWords)
      return .string(random.chance(0.4) ? word + Self.text("0123456789", 1...2, &random) : word)
    case .camel:
      return .string(
        Self.capitalised(random.pick(Self.realWords))
          + Self.capitalised(random.pick(Self.realWords)))
    case .realCompound(let separator):
      return .string(random.pick(Self.realWords) + separator + random.pick(Self.realWords))
    }
  }

  // MARK: Pieces of text

  private static let consonants = Array("bcdfghjklmnpqrstvwxz")
  private static let vowels = Array("aeiou")

  private static func syllables(_ random: inout TaskRandom, upTo most: Int) -> String {
    var text = ""
    let count = most > 2 && random.chance(0.3) ? most : 2
    for _ in 0..<count {
      text.append(random.pick(consonants))
      text.append(random.pick(vowels))
    }
    return text
  }

  private static func text(_ signs: String, _ length: ClosedRange<Int>, _ random: inout TaskRandom)
    -> String
  {
    let signs = Array(signs)
    return String((0..<Int.random(in: length, using: &random)).map { _ in random.pick(signs) })
  }

  private static func part(_ random: inout TaskRandom) -> String {
    switch Int.random(in: 0..<10, using: &random) {
    case 0..<6: syllables(&random, upTo: 2)
    case 6..<8: text("abcdefghijklmnopqrstuvwxyz", 2...4, &random)
    case 8: text("0123456789", 2...3, &random)
    default: text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 2...3, &random)
    }
  }

  private static func capitalised(_ text: String) -> String {
    text.prefix(1).uppercased() + text.dropFirst()
  }

  /// Words that appear in no training value.
  static let realWords = [
    "amber", "anchor", "apple", "arrow", "birch", "bread", "bridge", "bronze", "candle", "castle",
    "cedar", "cherry", "clover", "copper", "cotton", "crystal", "dragon", "eagle", "ember",
    "falcon",
    "fern", "forest", "garden", "ginger", "glass", "granite", "harbour", "hazel", "honey", "island",
    "ivory", "jasmine", "kettle", "lake", "lantern", "lemon", "lilac", "maple", "marble", "meadow",
    "mint", "north", "ocean", "olive", "orchid", "otter", "pearl", "pepper", "plum", "prairie",
    "quartz", "raven", "river", "saffron", "shadow", "silver", "spruce", "stone", "summer",
    "thistle",
    "timber", "valley", "walnut", "willow", "winter", "zephyr",
  ]
}
