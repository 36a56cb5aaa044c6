import CSoxr

/// Changes the sample rate of one channel with libsoxr, high quality, linear phase.
///
/// Concurrency: none of its own; confined to its owner.
final class Resampler {
    private let handle: soxr_t
    private var output: [Float]
    private let ratio: Double

    /// - Parameters:
    ///   - inputRate: Hz.
    ///   - outputRate: Hz.
    init(from inputRate: Int, to outputRate: Int) throws(AudioError) {
        var failure: soxr_error_t?
        // SOXR_HQ is SOXR_20_BITQ, 4.
        var quality = soxr_quality_spec(4, 0)
        var runtime = soxr_runtime_spec(1)
        guard
            let handle = soxr_create(Double(inputRate), Double(outputRate), 1, &failure, nil, &quality, &runtime),
            failure == nil
        else { throw Self.error(failure) }
        self.handle = handle
        ratio = Double(outputRate) / Double(inputRate)
        output = [Float](repeating: 0, count: 16_384)
    }

    deinit { soxr_delete(handle) }

    /// Takes samples and passes on what comes out, which lags behind by the length of the filter.
    func process(_ input: [Float], _ body: (ArraySlice<Float>) -> Void) throws(AudioError) {
        var done = 0
        while done < input.count {
            let (used, produced, failure) = input.withUnsafeBufferPointer { buffer in
                run(UnsafeBufferPointer(rebasing: buffer[done...]))
            }
            if let failure { throw Self.error(failure) }
            done += used
            if produced > 0 { body(output[0..<produced]) }
            if used == 0, produced == 0 { throw AudioError(.corrupt, "The resampler stopped taking samples.") }
        }
    }

    /// Passes on what is left after the last input.
    func flush(_ body: (ArraySlice<Float>) -> Void) throws(AudioError) {
        while true {
            let (_, produced, failure) = run(nil)
            if let failure { throw Self.error(failure) }
            if produced == 0 { return }
            body(output[0..<produced])
        }
    }

    private func run(_ input: UnsafeBufferPointer<Float>?) -> (used: Int, produced: Int, failure: soxr_error_t?) {
        var used = 0
        var produced = 0
        let failure = output.withUnsafeMutableBufferPointer { target in
            soxr_process(
                handle, input?.baseAddress, input?.count ?? 0, &used, target.baseAddress, target.count, &produced)
        }
        return (used, produced, failure)
    }

    private static func error(_ failure: soxr_error_t?) -> AudioError {
        AudioError(
            .unreadable, "The resampler could not be used. Report this with the file's sample rate.",
            cause: failure.map { String(cString: $0) })
    }
}
