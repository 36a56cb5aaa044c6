/// Where the engines are and how they work.
public struct WhisperConfiguration: Sendable {
    /// Path of a ggml model.
    public var modelPath: String
    /// Where models are that can be asked for by name. `nil`: the folder of ``modelPath``.
    public var modelFolder: String?
    /// Names that may be asked for beside the default's. `nil`: all in the folder.
    public var modelNames: [String]?
    /// Whether models in half precision are loaded in bfloat16, of which a copy is made beside them.
    public var prefersBFloat16: Bool
    /// The file of whisper-server. `nil`: look for it on PATH.
    public var serverPath: String?
    /// The file of whisper-cli. `nil`: look for it on PATH.
    public var commandLinePath: String?
    /// Whether the warm server may be used.
    public var usesServer: Bool
    /// Threads of each engine.
    public var threads: Int
    /// How the text is searched for.
    public var decoding: DecodingParameters
    /// How long a server may take from its start until it has loaded the model.
    /// `nil`: 15 s, and a second for each 20 MB of the model.
    public var startLimit: Duration?
    /// A server that has answered this many requests is replaced.
    public var maxRequestsPerProcess: Int
    /// A server that occupies more memory than this after a request is replaced. `nil`: twice the model's size and 1 GiB.
    public var maxResidentBytes: Int?

    /// A configuration that takes the programs from PATH and one thread for each engine.
    public init(
        modelPath: String, modelFolder: String? = nil, modelNames: [String]? = nil, prefersBFloat16: Bool = false,
        serverPath: String? = nil, commandLinePath: String? = nil, usesServer: Bool = true,
        threads: Int = 1, decoding: DecodingParameters = DecodingParameters(), startLimit: Duration? = nil,
        maxRequestsPerProcess: Int = 2_000, maxResidentBytes: Int? = nil
    ) {
        self.modelPath = modelPath
        self.modelFolder = modelFolder
        self.modelNames = modelNames
        self.prefersBFloat16 = prefersBFloat16
        self.serverPath = serverPath
        self.commandLinePath = commandLinePath
        self.usesServer = usesServer
        self.threads = threads
        self.decoding = decoding
        self.startLimit = startLimit
        self.maxRequestsPerProcess = maxRequestsPerProcess
        self.maxResidentBytes = maxResidentBytes
    }
}
