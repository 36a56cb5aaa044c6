/// How to reach MongoDB.
public struct MongoConfiguration: Sendable {
    /// A connection string: `mongodb://` or `mongodb+srv://`. May carry credentials: never logged.
    public var url: String
    public var database: String
    /// Connections that are kept open, 0 to 1,000.
    public var minimumPoolSize: Int
    /// Connections at most, and so calls at the same time, 1 to 1,000.
    public var maximumPoolSize: Int
    /// How long a call may take, the choice of a server included.
    public var timeout: Duration

    public init(
        url: String, database: String = "stt", minimumPoolSize: Int = 0, maximumPoolSize: Int = 16,
        timeout: Duration = .seconds(10)
    ) {
        self.url = url
        self.database = database
        self.minimumPoolSize = minimumPoolSize
        self.maximumPoolSize = maximumPoolSize
        self.timeout = timeout
    }
}
