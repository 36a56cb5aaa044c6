import STTCore

extension ModelFile {
    /// What is wrong with a language and a task for this model, or nil.
    func refusal(language: String?, translate: Bool) -> (code: String, message: String)? {
        if let language, language != "auto", !WhisperLanguage.isKnown(language) {
            let message = "Whisper does not know the language \"\(language)\"; give an ISO 639-1 code such as \"en\""
            return ("engine.unknownLanguage", message)
        }
        guard !isMultilingual else { return nil }
        if let language, language != "auto", language != "en" {
            let message =
                "the server's model understands English only, not \"\(language)\"; it needs a multilingual model"
            return ("engine.englishOnly", message)
        }
        if translate {
            return ("engine.englishOnly", "the server's model is English only and cannot translate")
        }
        return nil
    }

    /// The language to name to the engine for a request.
    ///
    /// - Throws: ``EngineError`` with code `rejected` where the model cannot do what is asked: whisper.cpp would silently
    ///   take English instead.
    func languageArgument(for request: EngineRequest) throws(EngineError) -> String {
        if let refusal = refusal(language: request.language, translate: request.translate) {
            throw EngineError(.rejected, refusal.message)
        }
        return request.language ?? (isMultilingual ? "auto" : "en")
    }
}
