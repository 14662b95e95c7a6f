/// One record of a TensorBoard event file: an `Event` message, written field by field.
///
/// Source: `event.proto` and `summary.proto` of TensorBoard; the record layout of `tf.io.TFRecordWriter`.
struct TensorBoardEvent {
  let wallTime: Double
  let step: Int
  let content: Content

  enum Content {
    /// The first event of a file.
    case version
    /// A run starts or goes on here: what an earlier file says of later steps no longer counts.
    case start
    case scalars([(tag: String, value: Float)])
  }

  /// The `Event` message.
  var message: [UInt8] {
    var event = ProtobufMessage()
    event.double(1, wallTime)
    if step != 0 { event.varint(2, UInt64(bitPattern: Int64(step))) }
    switch content {
    case .version: event.bytes(3, Array("brain.Event:2".utf8))
    case .start:
      var log = ProtobufMessage()
      log.varint(1, 1)
      event.bytes(7, log.bytes)
    case .scalars(let scalars):
      var summary = ProtobufMessage()
      for scalar in scalars {
        var value = ProtobufMessage()
        value.bytes(1, Array(scalar.tag.utf8))
        value.float(2, scalar.value)
        summary.bytes(1, value.bytes)
      }
      event.bytes(5, summary.bytes)
    }
    return event.bytes
  }

  /// Length, its checksum, message, its checksum.
  var record: [UInt8] {
    let message = message
    let length = UInt64(message.count).littleEndianBytes
    return length + CRC32C.masked(length).littleEndianBytes + message
      + CRC32C.masked(message).littleEndianBytes
  }
}

/// The four kinds of protobuf field that events need.
private struct ProtobufMessage {
  var bytes: [UInt8] = []

  mutating func varint(_ field: Int, _ value: UInt64) {
    bytes.append(UInt8(field << 3))
    append(value)
  }

  mutating func double(_ field: Int, _ value: Double) {
    bytes.append(UInt8(field << 3 | 1))
    bytes += value.bitPattern.littleEndianBytes
  }

  mutating func bytes(_ field: Int, _ value: [UInt8]) {
    bytes.append(UInt8(field << 3 | 2))
    append(UInt64(value.count))
    bytes += value
  }

  mutating func float(_ field: Int, _ value: Float) {
    bytes.append(UInt8(field << 3 | 5))
    bytes += value.bitPattern.littleEndianBytes
  }

  private mutating func append(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

extension FixedWidthInteger {
  fileprivate var littleEndianBytes: [UInt8] { withUnsafeBytes(of: littleEndian) { Array($0) } }
}
