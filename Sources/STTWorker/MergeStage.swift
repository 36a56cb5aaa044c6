import Logging
import STTCore

struct MergeStage: Sendable {
    let ports: WorkerPorts
    let configuration: WorkerConfiguration

    func run(_ context: StageRunner.Context) async throws {}
}
