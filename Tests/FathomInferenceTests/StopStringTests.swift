import FathomInference
import Foundation
import Testing

enum Expo { static func exp(_ x: Double) -> Double { Foundation.exp(x) } }

@Suite struct StopStringTests {
  private func run(_ stops: [String], _ chunks: [String]) -> (String, Bool) {
    var watcher = StopStrings(stops)
    var shown = ""
    for chunk in chunks {
      let (text, isStopped) = watcher.append(chunk)
      shown += text
      if isStopped { return (shown, true) }
    }
    return (shown + watcher.finish(), false)
  }

  @Test func `a stop string is found at every split`() {
    let text = "Hello wörld. END of it"
    let scalars = Array(text.unicodeScalars)
    for first in 0...scalars.count {
      for second in first...scalars.count {
        let chunks = [scalars[..<first], scalars[first..<second], scalars[second...]].map {
          String(String.UnicodeScalarView($0))
        }
        #expect(run(["END", "xyz"], chunks) == ("Hello wörld. ", true))
        #expect(run(["ö"], chunks) == ("Hello w", true))
        #expect(run(["END of this"], chunks) == (text, false))
      }
    }
  }

  @Test func `the earliest of several stop strings wins`() {
    #expect(run(["b", "ab"], ["xxab"]) == ("xx", true))
    #expect(run(["", "\n\n"], ["a\n", "b\n", "\nc"]) == ("a\nb", true))
  }

  @Test func `the stop string that ended an answer is known`() {
    var watcher = StopStrings(["ab", "abc", "b"])
    #expect(watcher.append("xxa").isStopped == false)
    #expect(watcher.matched == nil)
    #expect(watcher.append("bc").isStopped)
    #expect(watcher.matched == "ab")
  }

  @Test func `text that cannot become a stop string is not held back`() {
    var watcher = StopStrings(["###"])
    #expect(watcher.append("a#").text == "a")
    #expect(watcher.append("b").text == "#b")
  }
}
