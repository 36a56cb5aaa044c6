/// How soon a job's work is taken compared with other jobs'. A lower class is slowed down by a higher one, never starved.
public enum JobPriority: String, Sendable, Codable, CaseIterable {
    case high
    case normal
    case low

    /// The class's share of audio where all classes have work waiting.
    public var weight: Int {
        switch self {
        case .high: 16
        case .normal: 4
        case .low: 1
        }
    }
}
