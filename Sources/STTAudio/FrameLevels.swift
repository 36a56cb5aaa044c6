enum FrameLevels {
    static let samplesPerBucket = 16_000
    static let warmUpBuckets = 12
}
