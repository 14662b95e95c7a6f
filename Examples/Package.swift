// swift-tools-version: 6.2
import PackageDescription

/// Programs that use Fathom as any other package would.
let package = Package(
  name: "fathom-examples",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "fathom", path: "..")],
  targets: ["BuiltIn", "Hello", "Speculate", "Timeline"].map {
    .executableTarget(name: $0, dependencies: [.product(name: "Fathom", package: "fathom")])
  },
  swiftLanguageModes: [.v6]
)
