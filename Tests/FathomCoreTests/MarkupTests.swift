import FathomCore
import Testing

@Suite struct MarkupTests {
  @Test func `nothing in a text is markup`() {
    #expect(
      #"<img src=x onerror="f('&amp;')">"#.escapedForMarkup
        == "&lt;img src=x onerror=&quot;f(&#39;&amp;amp;&#39;)&quot;&gt;")
    #expect("naïve 🦀\u{301}\n".escapedForMarkup == "naïve 🦀\u{301}\n")
  }
}
