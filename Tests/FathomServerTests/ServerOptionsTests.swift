import FathomCore
import Testing

@testable import FathomServer

@Suite struct ServerOptionsTests {
  @Test(arguments: [
    ("127.0.0.1", true), ("127.255.3.4", true), ("localhost", true), ("::1", true),
    ("127.evil.com", false), ("127.0.0.1.evil.com", false), ("127.0.0.256", false),
    ("127.0.0.+1", false), ("127.0.0", false), ("127.0.0.", false), ("128.0.0.1", false),
    ("0.0.0.0", false),
  ])
  func `only addresses of this machine need no key`(host: String, isLoopback: Bool) throws {
    var options = ServerOptions(modelName: "m")
    options.host = host
    #expect(options.isLoopback == isLoopback)
    if isLoopback {
      try options.validate()
    } else {
      #expect(throws: InputError.self) { try options.validate() }
    }
    options.apiKeys = ["a key-free-of-spaces".replacing(" ", with: "-")]
    try options.validate()
  }
}
