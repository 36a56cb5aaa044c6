package import STTCore

/// A value of a BSON document (bsonspec.org), as far as this adapter has a use for it.
package enum BSONValue: Sendable, Equatable {
    case double(Double)
    case string(String)
    case document(BSONDocument)
    case array([BSONValue])
    case binary([UInt8])
    case bool(Bool)
    case date(Timestamp)
    case null
    case int(Int)
    /// Of a type that nothing here reads, such as a timestamp of the cluster.
    case other(type: UInt8)
}

/// Named values in their order.
package struct BSONDocument: Sendable, Equatable {
    package struct Field: Sendable, Equatable {
        package var name: String
        package var value: BSONValue
    }

    package private(set) var fields: [Field]

    init(fields: [Field] = []) {
        self.fields = fields
    }

    /// The first field of this name. Setting appends a field that is missing; setting `nil` removes it.
    subscript(name: String) -> BSONValue? {
        get { fields.first { $0.name == name }?.value }
        set {
            let place = fields.firstIndex { $0.name == name }
            switch (place, newValue) {
            case (let place?, let value?): fields[place].value = value
            case (let place?, nil): fields.remove(at: place)
            case (nil, let value?): fields.append(Field(name: name, value: value))
            case (nil, nil): break
            }
        }
    }
}

extension BSONDocument: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, BSONValue)...) {
        fields = elements.map { Field(name: $0.0, value: $0.1) }
    }
}

extension BSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .int(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: BSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, BSONValue)...) {
        self = .document(BSONDocument(fields: elements.map { BSONDocument.Field(name: $0.0, value: $0.1) }))
    }
}

extension BSONValue {
    var string: String? { if case .string(let value) = self { value } else { nil } }
    var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    var date: Timestamp? { if case .date(let value) = self { value } else { nil } }
    var binary: [UInt8]? { if case .binary(let value) = self { value } else { nil } }
    var document: BSONDocument? { if case .document(let value) = self { value } else { nil } }
    var array: [BSONValue]? { if case .array(let value) = self { value } else { nil } }

    /// Also of a floating-point number that is whole: servers give sums back so.
    var int: Int? {
        switch self {
        case .int(let value): value
        case .double(let value): Int(exactly: value)
        default: nil
        }
    }

    /// Text or a document that the server must not take for an expression.
    static func literal(_ value: BSONValue) -> BSONValue { ["$literal": value] }
    static func literal(_ text: String) -> BSONValue { literal(.string(text)) }
    static func strings(_ texts: [String]) -> BSONValue { .array(texts.map { .string($0) }) }
}
