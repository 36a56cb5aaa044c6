/// What is said first on a connection.
struct RedisGreeting {
    enum Step {
        case login
        case database(Int)
        /// For `CLIENT LIST`. It does no harm where the server refuses it.
        case name
        /// Tells whether the server takes commands from us.
        case ping
    }

    let steps: [Step]
    let commands: [RedisCommand]

    init(_ configuration: RedisConfiguration, clientName: String) {
        var steps: [Step] = []
        var commands: [RedisCommand] = []
        if let password = configuration.password {
            steps.append(.login)
            commands.append(RedisCommand(["AUTH"] + (configuration.username.map { [$0] } ?? []) + [password]))
        }
        if configuration.database != 0 {
            steps.append(.database(configuration.database))
            commands.append(RedisCommand("SELECT", String(configuration.database)))
        }
        steps += [.name, .ping]
        commands += [RedisCommand("CLIENT", "SETNAME", clientName), RedisCommand("PING")]
        self.steps = steps
        self.commands = commands
    }
}
