/// Makes English texts comparable: what differs between two spellings of the same words is taken away.
///
/// The rules of Whisper's English normaliser (openai/whisper, `whisper/normalizers/english.py`) that matter for speech:
/// case, punctuation, bracketed marks and fillers go; contractions are spelled out; titles are written in full; numbers
/// in words become digits, with ordinals, signs of money and percent. Of British spellings only the frequent ones.
public enum EnglishNormaliser {
    public static func words(of text: String) -> [String] {
        var words: [String] = []
        for word in plain(text).split(separator: " ").map(String.init) {
            if fillers.contains(word) { continue }
            words += (expansions[word] ?? expanded(word)).flatMap(split)
        }
        return NumberWords.digits(words.map { spellings[$0] ?? $0 })
    }

    /// Lower case, without marks, accents and punctuation, apart from apostrophes inside words and signs of numbers.
    private static func plain(_ text: String) -> String {
        var output = String.UnicodeScalarView()
        var closing: Unicode.Scalar?
        let scalars = Array(text.lowercased().unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            if let end = closing {
                if scalar == end { closing = nil }
                continue
            }
            let before = index > 0 ? scalars[index - 1] : " "
            let after = index + 1 < scalars.count ? scalars[index + 1] : " "
            switch scalar {
            case "[", "(", "<":
                let end: Unicode.Scalar = scalar == "[" ? "]" : scalar == "(" ? ")" : ">"
                if scalars[index...].contains(end) { closing = end }
                output.append(" ")
            case "'", "’", "ʼ", "`": output.append(isWord(before) && isWord(after) ? "'" : " ")
            case ",":
                // 1,000 is one number.
                if !(isDigit(before) && isDigit(after)) { output.append(" ") }
            case ".": output.append(isDigit(before) && isDigit(after) ? "." : " ")
            case "%", "$", "£", "€": output.append(contentsOf: " \(scalar) ".unicodeScalars)
            default: output.append(contentsOf: isWord(scalar) ? folded(scalar) : " ".unicodeScalars)
            }
        }
        return String(output)
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic || isDigit(scalar) || scalar.properties.generalCategory == .nonspacingMark
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    /// Without accents.
    private static func folded(_ scalar: Unicode.Scalar) -> String.UnicodeScalarView {
        if scalar.properties.generalCategory == .nonspacingMark { return String.UnicodeScalarView() }
        return (accents[scalar] ?? String(scalar)).unicodeScalars
    }

    private static let accents: [Unicode.Scalar: String] = [
        "á": "a", "à": "a", "â": "a", "ä": "a", "å": "a", "ã": "a", "æ": "ae", "ç": "c", "é": "e", "è": "e", "ê": "e",
        "ë": "e", "í": "i", "ì": "i", "î": "i", "ï": "i", "ñ": "n", "ó": "o", "ò": "o", "ô": "o", "ö": "o", "õ": "o",
        "ø": "o", "œ": "oe", "ß": "ss", "ú": "u", "ù": "u", "û": "u", "ü": "u", "ý": "y", "ÿ": "y",
    ]

    private static let fillers: Set<String> = ["hmm", "mm", "mhm", "mmm", "uh", "um", "uhm", "er", "erm"]

    private static let expansions: [String: [String]] = [
        "won't": ["will", "not"], "can't": ["can", "not"], "cannot": ["can", "not"], "let's": ["let", "us"],
        "ain't": ["is", "not"], "y'all": ["you", "all"], "wanna": ["want", "to"], "gotta": ["got", "to"],
        "gonna": ["going", "to"], "i'ma": ["i", "am", "going", "to"], "imma": ["i", "am", "going", "to"],
        "woulda": ["would", "have"], "coulda": ["could", "have"], "shoulda": ["should", "have"], "ma'am": ["madam"],
        "shan't": ["shall", "not"], "o'clock": ["oclock"], "mr": ["mister"], "mrs": ["missus"], "dr": ["doctor"],
        "st": ["saint"], "prof": ["professor"], "capt": ["captain"], "gov": ["governor"], "gen": ["general"],
        "sen": ["senator"], "rep": ["representative"], "rev": ["reverend"], "hon": ["honorable"], "jr": ["junior"],
        "sr": ["senior"], "asst": ["assistant"], "esq": ["esquire"], "ok": ["okay"], "percent": ["%"],
    ]

    private static let endings: [(String, String)] = [
        ("n't", "not"), ("'re", "are"), ("'d", "would"), ("'ll", "will"), ("'ve", "have"), ("'m", "am"), ("'t", "not"),
    ]

    /// "'s" is "is" or a possessive: like the model of this, it is split off after pronouns only and else joined.
    private static let isContractions: Set<String> = [
        "it", "he", "she", "that", "there", "here", "what", "who", "where", "how", "when", "why",
    ]

    private static func expanded(_ word: String) -> [String] {
        guard word.contains("'") else { return [word] }
        for (ending, replacement) in endings where word.hasSuffix(ending) && word.count > ending.count {
            return [String(word.dropLast(ending.count)), replacement]
        }
        if word.hasSuffix("'s"), isContractions.contains(String(word.dropLast(2))) {
            return [String(word.dropLast(2)), "is"]
        }
        return [word.filter { $0 != "'" }]
    }

    /// Separates digits from the letters of an ordinal or a unit: "10km" and "10 km", but keeps "21st".
    private static func split(_ word: String) -> [String] {
        guard let first = word.unicodeScalars.first, isDigit(first),
            let letter = word.firstIndex(where: { $0.isLetter })
        else { return [word] }
        let unit = word[letter...]
        return ["st", "nd", "rd", "th", "s"].contains(unit) ? [word] : [String(word[..<letter]), String(unit)]
    }

    private static let spellings: [String: String] = [
        "colour": "color", "colours": "colors", "honour": "honor", "favour": "favor", "favourite": "favorite",
        "neighbour": "neighbor", "neighbours": "neighbors", "labour": "labor", "harbour": "harbor", "humour": "humor",
        "centre": "center", "theatre": "theater", "metre": "meter", "metres": "meters", "litre": "liter",
        "grey": "gray",
        "realise": "realize", "realised": "realized", "recognise": "recognize", "recognised": "recognized",
        "organise": "organize", "organised": "organized", "organisation": "organization", "travelled": "traveled",
        "travelling": "traveling", "traveller": "traveler", "defence": "defense", "offence": "offense",
        "plough": "plow",
        "programme": "program", "cheque": "check", "towards": "toward", "whilst": "while", "alright": "all right",
    ]
}
