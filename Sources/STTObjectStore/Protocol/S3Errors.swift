import STTCore
import STTHTTP

extension PortError {
    /// The one place where failures of S3 become port errors. A refusal that a setting can mend is `unavailable`, never
    /// `notFound`: no job may be given up for it.
    init(_ failure: S3Failure, request: String, bucket: String, key: String, region: String) {
        let place = key.isEmpty ? "bucket \(bucket)" : "bucket \(bucket), key \(key)"
        func make(_ code: Code, _ reason: String) -> PortError {
            PortError(code, port: S3ObjectStore.port, "\(request) (\(place)): \(reason)", cause: failure)
        }
        switch failure.reason {
        case .transport(.cancelled):
            self = make(.cancelled, "cancelled")
        case .transport(.tls(let reason)):
            self = make(
                .unavailable,
                "no secure connection (\(reason)): the server's certificate has to be one that this machine trusts")
        case .transport(.refused), .transport(.unresolved):
            self = make(.unavailable, "the server cannot be reached: see that it runs and that the endpoint is right")
        case .transport(let failure):
            self = make(.unavailable, "\(failure)")
        case .senseless(let reason):
            self = make(.unavailable, "\(reason): is the endpoint one of an S3 server?")
        case .altered(let reason):
            self = make(.corrupt, reason)
        case .replaced:
            self = make(.unavailable, "the object was replaced again and again while it was read")
        case .refused(let status, let code, let message):
            let said = [String(status), code, message].filter { !$0.isEmpty }.joined(separator: " ")
            let (kind, advice) = Self.judge(failure, status: status, code: code, bucket: bucket, region: region)
            self = make(kind, advice.isEmpty ? said : "\(said): \(advice)")
        }
    }

    private static func judge(
        _ failure: S3Failure, status: Int, code: String, bucket: String, region: String
    ) -> (Code, advice: String) {
        let wrongRegion = "the bucket is in the region \(failure.region ?? "that the server names"), not in \(region)"
        switch code {
        case "NoSuchBucket":
            return (.unavailable, "the bucket \(bucket) does not exist: make it, or name another one")
        case "NoSuchKey": return (.notFound, "there is no such object")
        case "NoSuchUpload": return (.unavailable, "the upload was ended by someone else, or has expired")
        case "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect",
            "TemporaryRedirect":
            return (.unavailable, wrongRegion)
        case "RequestTimeTooSkewed", "RequestExpired":
            let offset = failure.clockOffset.map { " by \($0.components.seconds) s" } ?? ""
            return (
                .unavailable, "this machine's clock differs from the server's\(offset): set it, with NTP for example"
            )
        case "InvalidAccessKeyId": return (.unavailable, "the server does not know the access key")
        case "SignatureDoesNotMatch":
            return (.unavailable, "the secret key does not belong to the access key, or a proxy changes requests")
        case "ExpiredToken", "InvalidToken": return (.unavailable, "the session token has expired: renew it")
        case "EntityTooLarge": return (.invalidArgument, "the server does not take objects of this size")
        case "InvalidRange": return (.invalidArgument, "the range exceeds the object")
        case "XMinioStorageFull", "InsufficientStorage", "QuotaExceeded", "XMinioAdminBucketQuotaExceeded":
            return (.storageFull, "the server has no space left: free some, or raise its quota")
        default: break
        }
        switch status {
        case 301, 307: return (.unavailable, wrongRegion)
        case 403:
            return (
                .unavailable,
                "the access key needs the rights to list the bucket and to read, write and delete objects in it"
            )
        case 404: return (.notFound, "there is no such object")
        case 416: return (.invalidArgument, "the range exceeds the object")
        case 507: return (.storageFull, "the server has no space left: free some, or raise its quota")
        default: return (.unavailable, "")
        }
    }
}
