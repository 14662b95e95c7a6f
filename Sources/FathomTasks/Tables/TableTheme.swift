/// What a table is about: the names of its rows and the numbers it may hold.
struct TableTheme: Sendable {
  let item: String
  let items: String
  let labels: [String]
  let columns: [String]
  /// Whether the numbers of a row can be added: the same quantity on several days.
  var addsAcross = false

  private init(
    _ item: String, _ items: String, _ labels: String, _ columns: String, addsAcross: Bool = false
  ) {
    self.item = item
    self.items = items
    self.labels = labels.split(separator: " ").map(String.init)
    self.columns = columns.split(separator: " ").map(String.init)
    self.addsAcross = addsAcross
  }

  static let all: [TableTheme] = [
    TableTheme(
      "fruit", "fruits",
      "apple pear plum fig grape lemon lime melon mango kiwi peach cherry orange banana olive date",
      "price stock weight sold"),
    TableTheme(
      "city", "cities",
      "Oslo Rome Paris Lima Cairo Delhi Kyiv Bern Tokyo Quito Accra Hanoi Milan Turin Leeds",
      "rain wind guests hotels"),
    TableTheme(
      "animal", "animals", "dog cat horse cow goat wolf bear fox lion tiger hare deer seal otter",
      "age weight speed height"),
    TableTheme(
      "car", "cars", "red blue green white black silver grey yellow brown", "speed price age power"),
    TableTheme(
      "book", "books", "Atlas Emma Dune Kim Ivanhoe Walden Faust Utopia Candide",
      "pages price copies loans"),
    TableTheme(
      "team", "teams", "Lions Bears Hawks Wolves Foxes Sharks Eagles Tigers Bulls",
      "wins losses points goals"),
    TableTheme(
      "room", "rooms", "hall office studio lab attic cellar kitchen library gym",
      "seats area lamps windows"),
    TableTheme(
      "drug", "drugs", "aspirin codeine insulin heparin morphine ibuprofen warfarin",
      "dose stock price orders"),
    TableTheme(
      "lake", "lakes", "Como Garda Erie Ladoga Onega Victoria Geneva Tahoe",
      "depth area length boats"),
    TableTheme(
      "course", "courses", "maths art music physics history chess dance biology",
      "hours seats price tests"),
    TableTheme(
      "tool", "tools", "saw drill hammer file wrench pliers chisel plane", "price weight stock age"),
    TableTheme(
      "ward", "wards", "north south east west upper lower new old", "beds nurses patients visits"),
    TableTheme(
      "shop", "shops", "north south market harbour station village airport museum",
      "Mon Tue Wed Thu Fri", addsAcross: true),
    TableTheme("seller", "sellers", people, "Jan Feb Mar Apr May", addsAcross: true),
    TableTheme("player", "players", people, "round1 round2 round3", addsAcross: true),
    TableTheme("name", "people", people, "age height points score"),
    TableTheme("patient", "patients", people, "age weight pulse visits"),
    TableTheme("runner", "runners", people, "laps time age number"),
  ]

  private static let people = Vocabulary.people.map(\.name).joined(separator: " ")
}
