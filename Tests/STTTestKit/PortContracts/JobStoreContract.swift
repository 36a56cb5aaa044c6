/// What every job store does. Adapters are judged by running all rules, each on an empty store:
///
///     @Test("keeps the contract", arguments: JobStoreContract.rules)
///     func keepsContract(_ rule: JobStoreContract.Rule) async throws { try await rule.check(fixture) }
public enum JobStoreContract {
    public typealias Rule = ContractRule<any JobStoreFixture>

    public static var rules: [Rule] {
        insertionRules + queryRules + stageRules + outcomeRules + chunkRules + raceRules + endingRules + upkeepRules
            + workRules + clusterRules + receivingRules
    }
}
