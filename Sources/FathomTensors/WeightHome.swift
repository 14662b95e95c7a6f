import CFathomKernels
import Synchronization

/// Where a weight matrix is: first where it was found, later perhaps in faster memory, in the order the kernels like.
///
/// Both places give the same bits, so a move needs no agreement with whoever is computing.
///
/// `@unchecked Sendable`: the two descriptions are written before their address is published (release) and never after;
/// `move` is called by one thread, the one that fills the memory.
package final class WeightHome: @unchecked Sendable {
  private let first: UnsafeMutablePointer<fk_matrix>
  private var second: UnsafeMutablePointer<fk_matrix>?
  typealias Place = Atomic<UnsafePointer<fk_matrix>>
  let place: UnsafeMutablePointer<Place>
  private var owners: [AnyObject]

  /// - Parameter owner: what keeps the bytes alive.
  init(_ matrix: fk_matrix, owner: AnyObject?) {
    first = .allocate(capacity: 1)
    first.initialize(to: matrix)
    place = .allocate(capacity: 1)
    place.initialize(to: Place(UnsafePointer(first)))
    owners = owner.map { [$0] } ?? []
  }

  deinit {
    place.deinitialize(count: 1)
    place.deallocate()
    first.deallocate()
    second?.deallocate()
  }

  /// The place where the weights were found; it stays readable.
  package var original: fk_matrix { first.pointee }

  /// Says where the same weights are from now on.
  ///
  /// - Parameter owner: what keeps the new bytes alive.
  package func move(to data: UnsafeRawPointer, dtype: fk_dtype, owner: AnyObject) {
    precondition(second == nil, "weights move once")
    var matrix = first.pointee
    matrix.data = data
    matrix.dtype = dtype
    let moved = UnsafeMutablePointer<fk_matrix>.allocate(capacity: 1)
    moved.initialize(to: matrix)
    second = moved
    owners.append(owner)
    place.pointee.store(UnsafePointer(moved), ordering: .releasing)
  }
}
