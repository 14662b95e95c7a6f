import Testing

@testable import FathomTasks

@Suite struct AnswerTests {
  private let apples = Answer.whole(1234, Noun(one: "apple", many: "apples").unit)

  @Test(arguments: [
    "1234 apples", "1234", "1,234", "1,234 apples", "1 234 apples", " 1234  apples ",
    "1234 Apples.", "1234.0",
    "\n1234 apple\n", "1234apples",
  ])
  func `a number is right with or without its unit, commas and spaces`(text: String) {
    #expect(apples.accepts(text))
  }

  @Test(arguments: [
    "", " ", "1235 apples", "1233", "12345", "apples 1234", "1234 pears", "1234 apples and 2 pears",
    "-1234", "+1234",
    "12,34", "1.234", "1234.5", "01234", "1234 1234", "$1234", "apples", "١٢٣٤", "1234\u{0}",
    "1234e0", "0x4D2", "1234..",
    "1234567890123456789012345678901234567890", "9223372036854775808", "1234.0000", ",1234",
    "1 2 3 4",
  ])
  func `anything else is wrong`(text: String) { #expect(!apples.accepts(text)) }

  @Test func `a text without end is wrong, and quickly so`() {
    for text in [
      String(repeating: "1234 ", count: 200_000), String(repeating: "(", count: 1_000_000),
      String(repeating: "9", count: 1_000_000),
    ] {
      #expect(!apples.accepts(text))
    }
  }

  @Test func `money has cents, a dollar sign or a word`() {
    let price = Answer.amount(thousandths: 20_700, .money)
    #expect(price.text == "$20.70")
    for text in ["$20.70", "20.70", "20.7", "20.7 dollars", "$20.7"] {
      #expect(price.accepts(text))
    }
    for text in ["$20.71", "2070", "$2070", "20,70", "20.7 apples", "$ 20.7.1"] {
      #expect(!price.accepts(text))
    }
    #expect(Answer.whole(12, .money).text == "$12")
    #expect(Answer.amount(thousandths: 157_500, Unit(one: "mg", many: "mg")).text == "157.5 mg")
  }

  @Test func `the winner is named and the difference is right`() {
    let answer = Answer.winner("Ana", by: 18, Noun(one: "apple", many: "apples").unit)
    #expect(answer.text == "Ana by 18 apples")
    for text in [
      "Ana by 18 apples", "Ana, 18", "ana has 18 more", "Ana: 18 apples", "Ana has 18 more apples.",
    ] {
      #expect(answer.accepts(text))
    }
    for text in [
      "Bo by 18 apples", "Ana by 17 apples", "18", "Ana", "Anabel by 18", "Ana by 18 pears",
      "Ana and Bo by 18",
    ] {
      #expect(!answer.accepts(text))
    }
  }

  @Test func `dates, times and weekdays`() {
    let date = Answer.date(day: 26, month: 4)
    #expect(
      date.accepts("26 April") && date.accepts("April 26") && !date.accepts("27 April")
        && !date.accepts("26 May"))
    let time = Answer.time(hour: 9, minute: 5)
    #expect(
      time.text == "9:05" && time.accepts("09:05") && !time.accepts("9:5") && !time.accepts("5:09"))
    let day = Answer.word("Friday")
    #expect(day.accepts("friday.") && !day.accepts("Friday Saturday") && !day.accepts(""))
  }
}
