extension JobError {
    /// The code in the details of the UNAVAILABLE that ends a result stream when its server drains. A client goes on at
    /// another server without waiting.
    public static let draining = "server.draining"
}
