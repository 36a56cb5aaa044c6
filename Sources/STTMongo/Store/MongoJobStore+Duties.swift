public import STTCore

extension MongoJobStore {
    /// One round trip for the process that has the duty, two for one that does not get it.
    public func lead(_ duty: String, owner: OwnerToken, lease: Duration) async throws(PortError) -> Bool {
        try await database.run("lead") { session throws(PortError) in
            let mine: BSONDocument = ["_id": .string(duty), "owner": .string(owner.description)]
            let take: BSONValue = [
                [
                    "$set": [
                        "owner": .literal(owner.description),
                        "until": ["$add": ["$$NOW", .int(Int(lease.milliseconds))]],
                    ]
                ]
            ]
            if try session.updateOne(MongoCollection.leases, mine, take) == 1 { return true }
            let found = try session.aggregate(
                MongoCollection.leases, [["$match": ["_id": .string(duty)]], ["$set": ["now": "$$NOW"]]])
            guard let document = found.first else {
                // A lease that has run out, which whoever inserted it makes a real one unless another was quicker.
                var first = mine
                first["until"] = MongoPart.always
                guard try session.insertOne(MongoCollection.leases, first) else { return false }
                return try session.updateOne(MongoCollection.leases, mine, take) == 1
            }
            let record = MongoRecord(document: document, collection: MongoCollection.leases)
            let until = try record.date("until")
            guard until <= (try record.date("now")) else { return false }
            return try session.updateOne(
                MongoCollection.leases,
                ["_id": .string(duty), "owner": .string(try record.string("owner")), "until": .date(until)], take) == 1
        }
    }

    public func resign(_ duty: String, owner: OwnerToken) async throws(PortError) {
        try await database.run("resign") { session throws(PortError) in
            try session.deleteOne(
                MongoCollection.leases, ["_id": .string(duty), "owner": .string(owner.description)])
        }
    }
}
