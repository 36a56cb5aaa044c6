import Synchronization

/// What a server can answer with, as far as it has refused other forms.
///
/// Concurrency: any task; a mutex protects the forms.
final class AnswerForms: Sendable {
    struct Form: Sendable, Hashable {
        /// With segments and their figures; else only the text.
        var isVerbose = true
        /// With times of words, where they are asked for.
        var hasWords = true
    }

    private let forms = Mutex<[String: Form]>([:])

    /// Of a model.
    subscript(model: String) -> Form {
        forms.withLock { $0[model] ?? Form() }
    }

    /// Asks for less from now on, where the refusal is of something that can be left out.
    /// - Returns: Whether it is worth asking again.
    func learn(from refusal: ServerRefusal, model: String, asked: Form) -> Bool {
        var form = asked
        if asked.isVerbose, asked.hasWords, refusal.concerns("granularit") {
            form.hasWords = false
        } else if asked.isVerbose, refusal.concerns("response_format", "verbose_json") {
            form.isVerbose = false
        } else {
            return false
        }
        forms.withLock { $0[model] = form }
        return true
    }
}
