/// Logarithms without a C library, to nine digits.
enum Logarithm {
    /// Of a positive, finite number.
    static func base2(_ value: Double) -> Double {
        // log2(m) = 2·artanh((m − 1) / (m + 1)) / ln 2 for a significand m from 1 to 2, artanh by its series.
        let significand = value.significand
        let y = (significand - 1) / (significand + 1)
        var term = y
        var sum = 0.0
        for odd in stride(from: 1.0, through: 17, by: 2) {
            sum += term / odd
            term *= y * y
        }
        return Double(value.exponent) + 2 * sum * 1.442695040888963
    }

    /// Of a positive, finite number.
    static func base10(_ value: Double) -> Double { base2(value) * 0.301029995663981 }
}
