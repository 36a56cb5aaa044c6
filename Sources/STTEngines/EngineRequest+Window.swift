import STTCore

extension EngineRequest {
    /// Encoder positions to compute, as whisper.cpp's programs take them: 0 is the full window.
    var audioContext: Int {
        switch window {
        case .full: 0
        case .fitted: FittedWindow.positions(sampleCount: paddedSampleCount) ?? 0
        }
    }

    /// The same for a process that has run a fitted window, in which the full one is spoilt. `nil`: it needs another process.
    var audioContextAfterFitted: Int? {
        if audioContext > 0 { return audioContext }
        return paddedSampleCount <= FittedWindow.largestSampleCount ? FittedWindow.largestPositions : nil
    }

    private var paddedSampleCount: Int { max(samples.count, WaveFile.leastSampleCount) }
}
