internal import STTCore

/// A value for each lane.
struct PerLane<Value: Sendable>: Sendable {
    let transcription: Value
    let housekeeping: Value

    subscript(lane: WorkLane) -> Value {
        switch lane {
        case .transcription: transcription
        case .housekeeping: housekeeping
        }
    }
}
