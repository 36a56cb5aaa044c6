extension RedisServerState {
    /// - Parameter info: What INFO answers: `name:value` lines.
    init(info: String, roundTrip: Duration) {
        var fields: [Substring: Substring] = [:]
        for line in info.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon]] = line[line.index(after: colon)...]
        }
        self.init(
            version: String(fields["redis_version"] ?? "unknown"), roundTrip: roundTrip,
            role: String(fields["role"] ?? "unknown"), maximumMemory: fields["maxmemory"].flatMap { Int($0) } ?? 0,
            usedMemory: fields["used_memory"].flatMap { Int($0) } ?? 0,
            maximumMemoryPolicy: String(fields["maxmemory_policy"] ?? "unknown"))
    }
}
