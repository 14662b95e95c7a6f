/// A thing that is counted.
struct Noun: Sendable {
  let one: String
  let many: String

  var unit: Unit { Unit(one: one, many: many) }

  /// `apple box/boxes`: a word takes an `s`, unless its plural stands behind a slash.
  static func list(_ text: String) -> [Noun] {
    text.split(separator: " ").map { entry in
      let forms = entry.split(separator: "/").map(String.init)
      return Noun(one: forms[0], many: forms.count == 2 ? forms[1] : forms[0] + "s")
    }
  }
}

struct Person: Sendable {
  let name: String
  let they: String
  let their: String
}

/// The words that stories are made of. All of them are ASCII, so that a small tokenizer knows them whole.
enum Vocabulary {
  static let people: [Person] = {
    let she = """
      Ana Amy Aisha Bea Cara Chloe Dana Dina Ella Emma Eva Fatima Fiona Gita Grace Hana Hope Ida Ines Iris Jana Joan \
      Kate Kim Lara Lea Lena Lily Lin Lucy Maja Maria Mary Maya Mei Mia Mina Nia Nina Nora Olga Olivia Petra Priya \
      Rita Rosa Ruth Sara Sofia Sue Tara Tess Uma Vera Wendy Yuki Zara Zoe
      """
    let he = """
      Abe Adam Ali Amir Ben Bo Carl Chen Dan David Deng Eli Emil Erik Finn Fred George Hugo Ian Ivan Jack Jan Jim Joe \
      John Jonas Juan Karl Ken Kofi Leo Liam Luca Luis Marco Mark Max Milo Musa Nico Noah Omar Oscar Otto Paul Pedro \
      Raj Ravi Rob Sam Simon Taro Theo Tim Tom Umar Victor Will Yusuf Zack
      """
    return she.split(separator: " ").map { Person(name: String($0), they: "she", their: "her") }
      + he.split(separator: " ").map { Person(name: String($0), they: "he", their: "his") }
  }()

  static let fruit = Noun.list(
    "apple pear plum orange lemon lime peach/peaches cherry/cherries banana mango/mangoes fig grape kiwi melon "
      + "berry/berries strawberry/strawberries apricot date olive coconut")
  static let toys = Noun.list(
    "marble sticker stamp card coin shell button bead toy doll kite ball block puzzle balloon robot game badge"
  )
  static let desk = Noun.list(
    "book pencil pen notebook ruler eraser crayon envelope magazine comic map photo letter postcard folder marker"
  )
  static let house = Noun.list(
    "cup plate spoon fork bowl candle towel pillow blanket bottle jar box/boxes basket bag sock shirt hat scarf/scarves "
      + "glove chair lamp key rug vase")
  static let food = Noun.list(
    "cookie egg cake muffin sandwich/sandwiches bun roll bagel waffle pancake pie carrot potato/potatoes "
      + "tomato/tomatoes onion bean nut candy/candies sweet chocolate")
  static let garden = Noun.list(
    "flower rose tulip seed bulb tree bush/bushes herb cactus/cacti daisy/daisies sunflower fern")
  static let animals = Noun.list(
    "hen duck goose/geese goat cow pig rabbit horse lamb pony/ponies turkey chicken")
  static let pets = Noun.list(
    "fish/fish goldfish/goldfish guppy/guppies snail turtle frog shrimp/shrimp crab")
  static let parts = Noun.list(
    "screw nail bolt brick tile pipe panel wheel battery/batteries bulb cable sensor engine board plank stone chip tool"
  )

  /// What one person may own many of.
  static let belongings = fruit + toys + desk + house + food + garden

  static let containers = Noun.list(
    "box/boxes bag basket crate packet jar tray shelf/shelves drawer sack carton case bucket bin")

  static let numberWords = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve",
  ]
}
