/// Turns floating-point samples into 16-bit ones.
enum Quantizer {
    /// 1.5 · 2²³. A float of this size has a unit in the last place of 1, so adding it rounds to the nearest integer,
    /// ties to even, and leaves that integer in the low bits. (`rounded()` is a library call on plain x86-64.)
    private static let magic: Float = 12_582_912

    /// Appends samples scaled by 32768, rounded to nearest and clipped; no dither.
    static func append(_ samples: some Collection<Float>, to output: inout [Int16]) {
        output.reserveCapacity(output.count + samples.count)
        let appended: Void? = samples.withContiguousStorageIfAvailable { buffer in
            let quantized = [Int16](unsafeUninitializedCapacity: buffer.count) { target, count in
                for index in 0..<buffer.count { target[index] = quantize(buffer[index]) }
                count = buffer.count
            }
            output.append(contentsOf: quantized)
        }
        if appended == nil { output.append(contentsOf: samples.map(quantize)) }
    }

    @inline(__always)
    static func quantize(_ sample: Float) -> Int16 {
        let scaled = sample * 32768
        let clipped = scaled < -32768 ? -32768 : scaled > 32767 ? 32767 : scaled
        return Int16(truncatingIfNeeded: (clipped + magic).bitPattern)
    }
}
