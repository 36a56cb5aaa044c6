/// Turns numbers in words into digits: "twenty one" into "21", "two hundred and five" into "205".
enum NumberWords {
    static func digits(_ words: [String]) -> [String] {
        var result: [String] = []
        var position = 0
        while position < words.count {
            // "$5" and "five dollars".
            let sign = isMoney(words[position]) && position + 1 < words.count ? words[position] : nil
            let start = sign == nil ? position : position + 1
            let (number, length) = number(in: words[start...])
            if let number {
                result.append(number)
                if let sign { result.append(currency(sign)) }
                position = start + length
            } else {
                result.append(words[position])
                position += 1
            }
        }
        return result
    }

    /// The number that the words begin with, and how many words it takes.
    private static func number(in words: ArraySlice<String>) -> (text: String?, length: Int) {
        if let first = words.first, let digit = first.unicodeScalars.first, ("0"..."9").contains(digit) {
            // "5 million".
            if let number = Int(first), let scale = words.dropFirst().first.flatMap(value), scale.kind == .scale {
                return (String(number * scale.value) + scale.ordinal, 2)
            }
            return (first, 1)
        }
        var total = 0
        var group = 0
        var last = Kind.none
        var position = words.startIndex
        var suffix = ""
        reading: while position < words.endIndex, suffix.isEmpty {
            let word = words[position]
            if word == "and", last == .hundred || last == .scale, position + 1 < words.endIndex,
                let next = value(words[position + 1]), next.kind != .hundred, next.kind != .scale
            {
                position += 1
                continue
            }
            guard let (kind, value, ordinal) = value(word) else { break }
            switch kind {
            case .unit:
                guard [.none, .tens, .hundred, .scale].contains(last), value > 0 || last == .none else { break reading }
                group += value
            case .teen, .tens:
                guard [.none, .hundred, .scale].contains(last) else { break reading }
                group += value
            case .hundred:
                guard [.unit, .teen, .tens].contains(last), group < 100 else { break reading }
                group *= 100
            case .scale:
                guard last != .none, last != .scale else { break reading }
                total += group * value
                group = 0
            case .none: break reading
            }
            last = kind
            suffix = ordinal
            position += 1
        }
        while position > words.startIndex, words[position - 1] == "and" { position -= 1 }
        guard last != .none else { return (nil, 0) }
        return (String(total + group) + suffix, position - words.startIndex)
    }

    private enum Kind {
        case none, unit, teen, tens, hundred, scale
    }

    private static func value(_ word: String) -> (kind: Kind, value: Int, ordinal: String)? {
        if let value = units.firstIndex(of: word) { return (value < 10 ? .unit : .teen, value, "") }
        if let value = tens.firstIndex(of: word) { return (.tens, (value + 2) * 10, "") }
        switch word {
        case "hundred": return (.hundred, 100, "")
        case "thousand": return (.scale, 1_000, "")
        case "million": return (.scale, 1_000_000, "")
        case "billion": return (.scale, 1_000_000_000, "")
        case "hundredth": return (.hundred, 100, "th")
        case "thousandth": return (.scale, 1_000, "th")
        default: break
        }
        // "first" and "second" alone are words more often than numbers, and stay the same on both sides as "1st", "2nd".
        if let value = ordinals.firstIndex(of: word) {
            let number = value + 1
            return (number < 10 ? .unit : .teen, number, suffix(number))
        }
        if word.hasSuffix("ieth"), let value = tens.firstIndex(of: word.dropLast(4) + "y") {
            return (.tens, (value + 2) * 10, "th")
        }
        return nil
    }

    private static func suffix(_ number: Int) -> String {
        switch number {
        case 1: "st"
        case 2: "nd"
        case 3: "rd"
        default: "th"
        }
    }

    private static func isMoney(_ word: String) -> Bool { ["$", "£", "€"].contains(word) }

    private static func currency(_ sign: String) -> String {
        switch sign {
        case "$": "dollars"
        case "£": "pounds"
        default: "euros"
        }
    }

    private static let units = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
        "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
    ]
    private static let tens = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
    private static let ordinals = [
        "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
        "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth",
    ]
}
