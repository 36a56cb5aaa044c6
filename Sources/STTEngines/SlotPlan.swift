/// How many engines run at once, and with how many threads each.
///
/// One thread an engine and an engine a core: whisper.cpp's threads wait for each other at every layer, engines never do.
/// Figures: docs/ACCURACY.md.
public struct SlotPlan: Sendable, Hashable {
    public var slots: Int
    public var threads: Int

    /// More engines than this share the memory's bandwidth rather than add to it.
    static let maximumSlots = 8

    /// - Parameters:
    ///   - slots: `nil`: as the machine allows.
    ///   - threads: `nil`: what the slots leave to each.
    ///   - memoryBytes: Of the machine. Half of it is for engines.
    ///   - modelBytes: The model's file; 0 where it is not known.
    public init(slots: Int?, threads: Int?, cores: Int, memoryBytes: Int, modelBytes: Int) {
        // A whisper-server of tiny.en occupies 180 MiB beside a model of 74 MiB; the rest grows with the model.
        let perEngine = modelBytes + modelBytes / 2 + (128 << 20)
        let fitting = max(memoryBytes / 2 / perEngine, 1)
        self.slots = slots ?? max(min(cores / (threads ?? 1), fitting, Self.maximumSlots), 1)
        self.threads = threads ?? max(cores / self.slots, 1)
    }
}
