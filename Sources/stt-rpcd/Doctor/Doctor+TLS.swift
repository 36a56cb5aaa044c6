import Glibc
import RPCTLS
import RPCTransport

/// Certificate and key.
extension Doctor {
    /// Whether there is anything to look at.
    var usesTLS: Bool {
        Setting.tls.contains(where: settings.isSet) || (try? settings.addresses().contains(where: \.isTLS)) == true
    }

    var tlsCheck: Check {
        Check("TLS") {
            for setting in [Setting.tlsCertificate, .tlsKey] where settings.text(setting) == nil {
                return [.fail("TLS", "no \(setting.key)", hint: "set \(setting.variable), or use no stts:// address")]
            }
            let context: TLSContext
            do throws(TLSError) {
                context = try TLSContext.server(settings.tlsConfiguration)
            } catch {
                return [.fail("TLS", error.message, hint: "mend the file, or name another one")]
            }
            return [certificateFinding(context)] + keyFinding + listenFinding
        }
    }

    private func certificateFinding(_ context: TLSContext) -> Finding {
        guard let certificate = context.certificate else { return .fail("TLS", "no certificate", hint: "name one") }
        let found = "certificate for \(certificate.namesText), until \(certificate.expiry)"
        if context.warning != nil {
            return .warn("TLS", "\(found), \(certificate.daysLeft) days", hint: "renew it and send SIGHUP")
        }
        if certificate.names.isEmpty, certificate.addresses.isEmpty {
            return .warn(
                "TLS", "\(found), without a subject alternative name",
                hint: "make one with the names that clients use: they look at nothing else")
        }
        return .ok("TLS", found)
    }

    private var keyFinding: [Finding] {
        var status = stat()
        guard let path = settings.text(.tlsKey), stat(path, &status) == 0, status.st_mode & 0o007 != 0 else {
            return []
        }
        return [.warn("TLS", "everybody may read the key \(path)", hint: "chmod o= \(path)")]
    }

    private var listenFinding: [Finding] {
        guard let addresses = try? settings.addresses(), !addresses.contains(where: \.isTLS) else { return [] }
        return [
            .warn("TLS", "a certificate is named and no address uses it", hint: "listen on stts://HOST:PORT")
        ]
    }
}
