/// The languages that Whisper knows, by the codes and names of whisper.cpp's table.
package enum WhisperLanguage {
    /// Whether Whisper knows `code`. Whether a model does is ``ModelFile``'s business.
    package static func isKnown(_ code: String) -> Bool {
        codes.contains(code)
    }

    /// The code of a language that an engine named by its code or, like whisper-server, by its English name.
    static func code(of name: String) -> String? {
        let name = name.lowercased()
        return isKnown(name) ? name : codesByName[name]
    }

    /// Languages whose words are not separated by spaces; each token counts as a word there, as in OpenAI's Whisper.
    static func separatesWords(_ code: String?) -> Bool {
        guard let code else { return true }
        return !["zh", "ja", "th", "lo", "my", "yue"].contains(code)
    }

    private static let codes = Set(codesByName.values)

    private static let codesByName = [
        "english": "en", "chinese": "zh", "german": "de", "spanish": "es", "russian": "ru", "korean": "ko",
        "french": "fr", "japanese": "ja", "portuguese": "pt", "turkish": "tr", "polish": "pl", "catalan": "ca",
        "dutch": "nl", "arabic": "ar", "swedish": "sv", "italian": "it", "indonesian": "id", "hindi": "hi",
        "finnish": "fi", "vietnamese": "vi", "hebrew": "he", "ukrainian": "uk", "greek": "el", "malay": "ms",
        "czech": "cs", "romanian": "ro", "danish": "da", "hungarian": "hu", "tamil": "ta", "norwegian": "no",
        "thai": "th", "urdu": "ur", "croatian": "hr", "bulgarian": "bg", "lithuanian": "lt", "latin": "la",
        "maori": "mi", "malayalam": "ml", "welsh": "cy", "slovak": "sk", "telugu": "te", "persian": "fa",
        "latvian": "lv", "bengali": "bn", "serbian": "sr", "azerbaijani": "az", "slovenian": "sl", "kannada": "kn",
        "estonian": "et", "macedonian": "mk", "breton": "br", "basque": "eu", "icelandic": "is", "armenian": "hy",
        "nepali": "ne", "mongolian": "mn", "bosnian": "bs", "kazakh": "kk", "albanian": "sq", "swahili": "sw",
        "galician": "gl", "marathi": "mr", "punjabi": "pa", "sinhala": "si", "khmer": "km", "shona": "sn",
        "yoruba": "yo", "somali": "so", "afrikaans": "af", "occitan": "oc", "georgian": "ka", "belarusian": "be",
        "tajik": "tg", "sindhi": "sd", "gujarati": "gu", "amharic": "am", "yiddish": "yi", "lao": "lo",
        "uzbek": "uz", "faroese": "fo", "haitian creole": "ht", "pashto": "ps", "turkmen": "tk", "nynorsk": "nn",
        "maltese": "mt", "sanskrit": "sa", "luxembourgish": "lb", "myanmar": "my", "tibetan": "bo", "tagalog": "tl",
        "malagasy": "mg", "assamese": "as", "tatar": "tt", "hawaiian": "haw", "lingala": "ln", "hausa": "ha",
        "bashkir": "ba", "javanese": "jw", "sundanese": "su", "cantonese": "yue",
    ]
}
