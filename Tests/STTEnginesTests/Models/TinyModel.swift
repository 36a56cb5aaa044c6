import Foundation

@testable import STTEngines

/// A model file that is whole, with little in it.
enum TinyModel {
    static let half: [UInt16] = [0x3c00, 0xc000, 0x3555, 0x0001, 0x7c00, 0x0000]

    static func data(multilingual: Bool = false, weights: WeightType = .f16) -> Data {
        let vocabulary: Int32 = multilingual ? 51_865 : 51_864
        var data = Data()
        func add(_ numbers: [Int32]) {
            for number in numbers { withUnsafeBytes(of: number.littleEndian) { data.append(contentsOf: $0) } }
        }
        func add(tensor name: String, _ dimensions: [Int32], type: Int32, values: Data) {
            add([Int32(dimensions.count), Int32(name.utf8.count), type] + dimensions)
            data.append(contentsOf: name.utf8)
            data.append(values)
        }
        add([0x6767_6d6c, vocabulary, 1500, 2, 1, 1, 448, 2, 1, 1, 80, Int32(weights.rawValue)])
        add([80, 2])
        data.append(Data(count: 4 * 160))
        add([2, 1])
        data.append(contentsOf: "a".utf8)
        add([0])
        var values = Data()
        for bits in half { withUnsafeBytes(of: bits.littleEndian) { values.append(contentsOf: $0) } }
        let type = Int32(weights.tensorType.rawValue)
        add(tensor: "matrix", [2, 3], type: type, values: values)
        add(tensor: "convolution", [1, 2, 3], type: Int32(TensorType.f16.rawValue), values: values)
        add(tensor: "embedding", [2, vocabulary], type: type, values: Data(count: 4 * Int(vocabulary)))
        for number in 0..<47 { add(tensor: "bias\(number)", [2], type: 0, values: Data(repeating: 7, count: 8)) }
        return data
    }

    static func write(
        _ name: String, in directory: TemporaryDirectory, multilingual: Bool = false, weights: WeightType = .f16
    ) throws -> ModelFile {
        let path = directory.file(name)
        try data(multilingual: multilingual, weights: weights).write(to: URL(fileURLWithPath: path))
        return try ModelFile(path: path)
    }
}
