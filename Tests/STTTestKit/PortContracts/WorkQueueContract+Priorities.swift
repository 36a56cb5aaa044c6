import STTCore
import Testing

extension WorkQueueContract {
    /// What work queues do with classes of priority.
    public static var priorityRules: [Rule] {
        [
            Rule("of classes that all wait, the higher is served more, and the lower is served") { fixture in
                try await fixture.queue.enqueue((0..<40).map { chunk($0, job: 0, .low) })
                try await fixture.queue.enqueue((0..<40).map { chunk($0, job: 1, .high) })
                var first: [JobPriority] = []
                for _ in 0..<20 { first.append(try await fixture.queue.next(.transcription).item.priority) }
                #expect(first.count { $0 == .high } >= 16)
                #expect(first.count { $0 == .low } >= 1)
            },
            Rule("the tenants of a class take turns") { fixture in
                let tenants = [Tenant("a"), Tenant("b")]
                for (job, tenant) in tenants.enumerated() {
                    try await fixture.queue.enqueue((0..<20).map { chunk($0, job: job, .high, tenant) })
                }
                var lead = 0
                for _ in 0..<40 {
                    lead += try await fixture.queue.next(.transcription).item.tenant == tenants[0] ? 1 : -1
                    // A turn may take up to 30 s of audio.
                    #expect(abs(lead) <= 3)
                }
                #expect(lead == 0)
            },
            Rule("an item of the lowest class is taken at once where nothing else waits") { fixture in
                try await fixture.queue.enqueue([chunk(0, job: 0, .low)])
                let delivery = try await fixture.queue.next(.transcription)
                #expect(delivery.item == chunk(0, job: 0, .low))
                #expect(delivery.item.priority == .low)
            },
        ]
    }

    /// What work queues do that weigh the classes against each other item by item.
    public static var weightRules: [Rule] {
        [
            Rule("classes get audio by their weights") { fixture in
                for (job, priority) in JobPriority.allCases.enumerated() {
                    try await fixture.queue.enqueue((0..<120).map { chunk($0, job: job, priority) })
                }
                var served: [JobPriority: Int] = [:]
                for _ in 0..<126 { served[try await fixture.queue.next(.transcription).item.priority, default: 0] += 1 }
                // 6 rounds of 16 + 4 + 1.
                for priority in JobPriority.allCases {
                    let share = 6 * priority.weight
                    #expect((share - 2...share + 2).contains(served[priority, default: 0]), "\(priority): \(served)")
                }
            },
            Rule("a class that had nothing waiting saves up no credit") { fixture in
                try await fixture.queue.enqueue((0..<60).map { chunk($0, job: 0, .low) })
                for _ in 0..<40 { _ = try await fixture.queue.next(.transcription) }
                try await fixture.queue.enqueue((0..<60).map { chunk($0, job: 1, .normal) })
                var first: [JobPriority] = []
                for _ in 0..<20 { first.append(try await fixture.queue.next(.transcription).item.priority) }
                #expect((14...18).contains(first.count { $0 == .normal }))
            },
        ]
    }

    private static func chunk(
        _ index: Int, job number: Int, _ priority: JobPriority, _ tenant: Tenant = .default
    ) -> WorkItem {
        var generator = SeededGenerator(seed: UInt64(number))
        let job = JobID(at: Timestamp(millisecondsSinceEpoch: 1_000_000 + Int64(number)), using: &generator)
        return WorkItem(.chunk(index), job: job, tenant: tenant, priority: priority, audioMilliseconds: 10_000)
    }
}
