// How calibration looks into a model: before each product it is shown the rows that are multiplied.
// Not what a stage has computed: StageObserver.swift. What is made of the rows: Quantization/Calibration.swift.

/// Looks at what each matrix of a model is given.
public struct ProductObserver {
    private let look: (PackedMatrix, UnsafeBufferPointer<Float>, Int) -> Void

    /// An observer that calls `look` before each product with the matrix, its rows and their number.
    ///
    /// *Shapes*: rows `[rows, inputs]` f32 after the norm that belongs to the product, valid during the call only.
    public init(_ look: @escaping (_ matrix: PackedMatrix, _ rows: UnsafeBufferPointer<Float>, _ count: Int) -> Void) {
        self.look = look
    }

    func observe(_ matrix: PackedMatrix, _ values: UnsafeBufferPointer<Float>, rows: Int) {
        if rows > 0 { look(matrix, values, rows) }
    }
}
