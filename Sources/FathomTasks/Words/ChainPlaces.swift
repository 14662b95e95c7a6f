extension ChainTheme {
  private static let left = [
    "How many are left?", "How many {things} are there now?", "How many {things} now?",
  ]

  /// Places and stores: an event is a clause of its own.
  static let places: [ChainTheme] = [
    ChainTheme(
      name: "passengers", nouns: [Noun(one: "passenger", many: "passengers")],
      subjects: ["a bus", "a train", "the tram", "the ferry", "bus 12", "the night train"],
      openings: [
        "{s} [has|had] {n} {things}", "there [are|were] {n} {things} on {s}",
        "{s} [leaves|left] with {n} {things}",
      ],
      gains: [
        "{n} <people|more> [get|got] on", "{n} {things} [board|boarded]",
        "at a stop {n} [get|got] on",
      ],
      losses: [
        "{n} [get|got] off", "{n} {things} [leave|left]",
        "at the next stop {n} people [get|got] off",
      ],
      doublings: ["the number of {things} [doubles|doubled]"],
      halvings: ["half of the {things} [get|got] off"],
      questions: ["How many {things} are on {s} now?"] + left),
    ChainTheme(
      name: "library", nouns: Noun.list("book magazine comic map game"),
      subjects: ["a library", "the school library", "the reading room"],
      openings: ["{s} [has|had] {n} {things}", "{s} [owns|owned] {n} {things}"],
      gains: [
        "{n} new {things} [arrive|arrived]", "readers [bring|brought] back {n}",
        "{s} [buys|bought] {n} more",
      ],
      losses: [
        "{n} [are|were] lent out", "{n} old {things} [are|were] sold",
        "readers [borrow|borrowed] {n}",
      ],
      halvings: ["half of the {things} [are|were] moved away"],
      questions: ["How many {things} does {s} have now?"] + left),
    ChainTheme(
      name: "shop", nouns: Vocabulary.fruit + Vocabulary.toys + Vocabulary.house,
      subjects: ["a shop", "the corner shop", "a market stall", "the store", "a kiosk"],
      openings: [
        "{s} [has|had] {n} {things}", "{s} [has|had] {n} {things} in stock",
        "there [are|were] {n} {things} in {s}",
      ],
      gains: [
        "{n} more [are|were] delivered", "{s} [gets|got] a delivery of {n}",
        "{s} [orders|ordered] {n} more",
      ],
      losses: [
        "{s} [sells|sold] {n}", "{n} [are|were] sold", "customers [buy|bought] {n}",
        "{n} broken {things} [go|went] back",
      ],
      doublings: ["{s} [doubles|doubled] its stock"],
      halvings: ["half of the {things} [are|were] sold"],
      questions: ["How many {things} does {s} have now?", "How many {things} are in stock now?"]
        + left),
    ChainTheme(
      name: "tank", subjects: ["a tank", "a barrel", "the pool", "a water tower", "the pond"],
      openings: ["{s} [holds|held] {n} litres of water", "there [are|were] {n} litres in {s}"],
      gains: [
        "{n} litres [are|were] added", "{n} litres [flow|flowed] in",
        "rain [adds|added] {n} litres",
      ],
      losses: [
        "{n} litres [leak|leaked] out", "{n} litres [are|were] used",
        "{n} litres [are|were] pumped out",
      ],
      doublings: ["the amount [doubles|doubled]"],
      halvings: ["half of the water [is|was] used"],
      questions: [
        "How many litres are in {s} now?", "How many litres are left?",
        "How much water is there now?",
      ],
      unit: Unit(one: "litre", many: "litres", also: ["l", "liters", "liter"])),
    ChainTheme(
      name: "farm", nouns: Vocabulary.animals,
      subjects: ["a farm", "the farm", "a small farm", "a village farm"],
      openings: ["{s} [has|had] {n} {things}", "there [are|were] {n} {things} on {s}"],
      gains: [
        "{n} [are|were] born", "the farmer [buys|bought] {n} more", "{n} {things} [arrive|arrived]",
      ],
      losses: [
        "{n} [are|were] sold", "the farmer [sells|sold] {n}", "{n} {things} [run|ran] away",
      ],
      multiples: ["over the years the number [grows|grew] to {k} times as many"],
      halvings: ["half of the {things} [are|were] sold"],
      questions: ["How many {things} does {s} have now?"] + left),
    ChainTheme(
      name: "inbox", nouns: Noun.list("email message letter note file"),
      subjects: ["an inbox", "the inbox", "a folder", "the shared folder"],
      openings: ["{s} [has|had] {n} {things}", "there [are|were] {n} {things} in {s}"],
      gains: ["{n} more [arrive|arrived]", "{n} new {things} [come|came] in"],
      losses: [
        "{n} [are|were] deleted", "{n} {things} [are|were] moved away", "{n} [are|were] archived",
      ],
      halvings: ["half of them [are|were] deleted"],
      questions: left),
    ChainTheme(
      name: "car park", nouns: Noun.list("car van truck bike scooter"),
      subjects: ["a car park", "the garage", "the parking lot", "a car park by the sea"],
      openings: ["{s} [has|had] {n} {things}", "there [are|were] {n} {things} in {s}"],
      gains: ["{n} {things} [arrive|arrived]", "{n} more [come|came] in", "{n} [drive|drove] in"],
      losses: ["{n} [leave|left]", "{n} {things} [drive|drove] away"],
      doublings: ["the number of {things} [doubles|doubled]"],
      halvings: ["half of the {things} [leave|left]"],
      questions: left + ["How many {things} are in {s} now?"]),
    ChainTheme(
      name: "school", nouns: Noun.list("pupil student child/children member player visitor"),
      subjects: ["a school", "the club", "the camp", "the choir", "a summer course"],
      openings: ["{s} [has|had] {n} {things}", "{s} [starts|started] with {n} {things}"],
      gains: [
        "{n} {things} [join|joined]", "{n} more [come|came]", "{s} [gets|got] {n} new {things}",
      ],
      losses: ["{n} [leave|left]", "{n} {things} [move|moved] away", "{n} [go|went] home"],
      doublings: ["the number of {things} [doubles|doubled]"],
      multiples: ["{s} [grows|grew] to {k} times its size"],
      divisions: ["the {things} [form|formed] {k} equal groups and only one group [stays|stayed]"],
      questions: ["How many {things} does {s} have now?"] + left),
    ChainTheme(
      name: "ward", nouns: [Noun(one: "patient", many: "patients")],
      subjects: ["a ward", "the clinic", "a hospital", "ward 3", "the day clinic"],
      openings: ["{s} [has|had] {n} {things}", "there [are|were] {n} {things} in {s}"],
      gains: ["{n} [are|were] admitted", "{n} new {things} [arrive|arrived]"],
      losses: [
        "{n} [are|were] discharged", "{n} {things} [go|went] home",
        "{n} [move|moved] to another ward",
      ],
      halvings: ["half of the {things} [go|went] home"],
      questions: ["How many {things} are in {s} now?"] + left),
    ChainTheme(
      name: "warehouse", nouns: Vocabulary.containers + Vocabulary.parts,
      subjects: ["a warehouse", "the depot", "a factory", "the cellar", "a workshop"],
      openings: [
        "{s} [has|had] {n} {things}", "{s} [stores|stored] {n} {things}",
        "there [are|were] {n} {things} in {s}",
      ],
      gains: [
        "{n} more [arrive|arrived]", "a truck [brings|brought] {n} {things}",
        "{n} [are|were] put in",
      ],
      losses: [
        "{n} [are|were] shipped", "{n} {things} [are|were] used", "a truck [takes|took] {n} away",
      ],
      multiples: ["the stock [grows|grew] to {k} times as many"],
      divisions: ["the {things} [are|were] shared by {k} stores and one share [stays|stayed]"],
      questions: left),
    ChainTheme(
      name: "garden", nouns: Vocabulary.garden,
      subjects: ["a garden", "the park", "a field", "the nursery"],
      openings: ["{s} [has|had] {n} {things}", "there [are|were] {n} {things} in {s}"],
      gains: [
        "{o} [plants|planted] {n} more", "{n} {things} [are|were] planted",
        "{n} new {things} [grow|grew]",
      ],
      losses: [
        "{n} [die|died]", "a storm [destroys|destroyed] {n}", "{o} [cuts|cut] {n}",
        "{n} {things} [are|were] sold",
      ],
      doublings: ["{o} [doubles|doubled] the number of {things}"],
      questions: ["How many {things} does {s} have now?"] + left),
    ChainTheme(
      name: "aquarium", nouns: Vocabulary.pets,
      subjects: ["an aquarium", "the pond", "a glass tank", "the zoo"],
      openings: ["{s} [has|had] {n} {things}", "there [are|were] {n} {things} in {s}"],
      gains: [
        "{o} [adds|added] {n} more", "{n} [hatch|hatched]", "{n} new {things} [arrive|arrived]",
      ],
      losses: [
        "{n} [are|were] given away", "{o} [takes|took] out {n}", "{n} {things} [are|were] sold",
      ],
      doublings: ["their number [doubles|doubled]"],
      questions: ["How many {things} are in {s} now?"] + left),
    ChainTheme(
      name: "tickets", nouns: Noun.list("ticket seat place"),
      subjects: ["a theatre", "the cinema", "a concert hall", "the stadium"],
      openings: ["{s} [has|had] {n} free {things}", "{s} [offers|offered] {n} {things}"],
      gains: ["{n} {things} [are|were] returned", "{n} more [are|were] offered"],
      losses: [
        "{n} [are|were] sold", "a group [takes|took] {n}", "{o} [books|booked] {n} {things}",
      ],
      halvings: ["half of the {things} [are|were] sold"],
      questions: ["How many {things} are left?", "How many {things} are still free?"]),
    ChainTheme(
      name: "account", subjects: ["an account", "the club's account", "a savings account"],
      openings: ["{s} [has|had] ${n}", "there [are|were] {n} dollars in {s}"],
      gains: [
        "${n} [is|was] paid in", "{o} [pays|paid] in {n} dollars", "${n} more [comes|came] in",
      ],
      losses: [
        "a bill of ${n} [is|was] paid", "{o} [takes|took] out {n} dollars",
        "${n} [goes|went] to rent",
      ],
      doublings: ["the money in it [doubles|doubled]"],
      questions: [
        "How much money is in {s} now?", "How many dollars are left?", "How much is there now?",
      ],
      unit: .money),
    ChainTheme(
      name: "data", subjects: ["a phone plan", "a disk", "the server", "a backup"],
      openings: ["{s} [has|had] {n} GB <free|of space left>"],
      gains: ["{n} GB [are|were] added", "{n} GB [are|were] freed"],
      losses: [
        "{n} GB [are|were] used", "a film [takes|took] {n} GB", "photos [take|took] {n} GB",
      ],
      doublings: ["the free space [doubles|doubled]"],
      halvings: ["half of the free space [is|was] used"],
      questions: ["How many GB are left?", "How many GB are free now?"],
      unit: Unit(one: "GB", many: "GB")),
    ChainTheme(
      name: "hill walk", subjects: ["a hut", "a village", "the camp", "a bridge"],
      openings: [
        "{s} [is|was] at a height of {n} m and a walk [starts|started] there",
        "a walk [starts|started] at {s}, {n} m above the sea",
      ],
      gains: ["the path [climbs|climbed] {n} m", "it [goes|went] up {n} m"],
      losses: ["the path [falls|fell] {n} m", "it [goes|went] down {n} m"],
      questions: ["How high is the path now?", "At what height does the walk end?"],
      unit: Unit(one: "m", many: "m", also: ["metres", "meters"])),
  ]
}
