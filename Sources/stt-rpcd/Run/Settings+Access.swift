import Glibc
import RPCTransport
import STTProto
import STTService

/// Who may connect, and what calls may take, as the settings say.
extension Settings {
    /// - Throws: `SettingsError` where the file cannot be used.
    func tokenDirectory() throws(SettingsError) -> TokenDirectory {
        do throws(TokenFileError) {
            return try TokenDirectory(path: text(.tokenFile), defaults: tenantLimits)
        } catch {
            throw SettingsError("\(error)")
        }
    }

    private var tenantLimits: TenantLimits {
        TenantLimits(
            openCalls: integer(.tenantOpenCalls), requestsPerSecond: number(.tenantRequestsPerSecond),
            burst: integer(.tenantBurst), uploadBytes: integer(.tenantUploadMib).map { $0 << 20 },
            queuedAudioSeconds: integer(.tenantQueuedAudioSeconds))
    }

    /// User ids that may use unix sockets.
    func unixUsers() throws(SettingsError) -> Set<UInt32> {
        guard isSet(.unixUsers) else { return [geteuid(), 0] }
        var users: Set<UInt32> = []
        for name in list(.unixUsers) {
            if let number = UInt32(name) {
                users.insert(number)
            } else if let entry = getpwnam(name) {
                users.insert(entry.pointee.pw_uid)
            } else {
                throw error(.unixUsers, mustBe: "names or numbers of users of this machine; \"\(name)\" is none")
            }
        }
        return users
    }

    func accessControl(_ directory: TokenDirectory) throws(SettingsError) -> AccessControl {
        AccessControl(directory: directory, unixUsers: try unixUsers(), unixNeedsToken: isOn(.unixNeedsToken))
    }

    /// With other users on the list the socket is open to all, and the list decides.
    func unixSocketMode() throws(SettingsError) -> UInt32 {
        try unixUsers().isSubset(of: [geteuid(), 0]) ? 0o600 : 0o666
    }

    /// Streams take as long as their job, uploads as long as their line, transcripts as long as their reader.
    static let patientMethods: Set = [SpeechMethod.submit, SpeechMethod.streamResult, SpeechMethod.getResult]

    var deadlines: DeadlineInterceptor {
        DeadlineInterceptor(
            Dictionary(uniqueKeysWithValues: Self.patientMethods.map { ($0, DeadlineInterceptor.Bounds()) }),
            others: DeadlineInterceptor.Bounds(longest: seconds(.callSeconds)))
    }
}
