/// Words that a line of subtitles should begin with or not end with. Other languages have none, and get lines of like
/// length, broken at punctuation and pauses.
struct LineBreakWords: Sendable {
    /// A line is well broken before them.
    let conjunctions: Set<String>
    /// A line can be broken before them.
    let prepositions: Set<String>
    /// Articles, pronouns, auxiliaries, negations: what follows belongs to them, as it does to conjunctions and
    /// prepositions.
    let binding: Set<String>
    /// Nouns have capitals, so that two in a row say nothing of a name.
    let capitalizesNouns: Bool

    /// - Parameter leading: Conjunctions, then a bar, then prepositions.
    private init(_ leading: String, _ binding: String, capitalizesNouns: Bool = false) {
        let parts = leading.split(separator: "|").map(Self.words)
        conjunctions = parts.first ?? []
        prepositions = parts.last ?? []
        self.binding = Self.words(binding[...]).union(conjunctions).union(prepositions)
        self.capitalizesNouns = capitalizesNouns
    }

    private static func words(_ text: Substring) -> Set<String> {
        Set(text.split(separator: " ").map(String.init))
    }

    /// - Parameter language: ISO 639-1.
    static func of(_ language: String?) -> LineBreakWords { language.flatMap { byLanguage[$0] } ?? none }

    private static let none = LineBreakWords("", "")

    private static let byLanguage: [String: LineBreakWords] = [
        "en": LineBreakWords(
            """
            and but or nor so because although though while when where which who whom whose that if unless until since \
            as than whether | in on at to for from with without by about into onto of over under through between against \
            during among within toward towards upon across behind beyond after before like
            """,
            """
            a an the my your his her its our their this these those i you he she it we they am is are was were be been \
            being have has had do does did will would shall should can could may might must not no very too dont doesnt \
            didnt isnt arent wasnt werent wont wouldnt cant couldnt im ive ill id youre youve hes shes its were weve \
            theyre mr mrs ms dr st
            """),
        "de": LineBreakWords(
            """
            und aber oder denn sondern weil dass ob wenn als während obwohl damit bevor nachdem bis seit wo wie | in im an \
            am auf aus bei beim mit nach von vom zu zum zur für durch gegen ohne um über unter vor hinter neben zwischen
            """,
            """
            der die das den dem des ein eine einen einem einer eines mein meine dein deine sein seine ihr ihre unser \
            unsere kein keine dieser diese dieses ich du er sie es wir man ist sind war waren hat haben hatte wird \
            werden wurde kann können muss nicht sehr zu
            """, capitalizesNouns: true),
        "fr": LineBreakWords(
            """
            et mais ou donc car ni que qui dont où quand si lorsque puisque parce comme | à au aux de du des dans en sur \
            sous par pour avec sans chez vers entre contre depuis pendant avant après
            """,
            """
            le la les l un une ce cet cette ces mon ma mes ton ta tes son sa ses notre nos votre vos leur leurs je tu il \
            elle on nous vous ils elles ne n pas se s est sont était a ont avait être avoir très plus
            """),
        "es": LineBreakWords(
            """
            y e o u pero sino que porque aunque cuando donde si como mientras quien | a al de del en con sin por para \
            sobre entre hasta desde hacia según contra durante tras
            """,
            """
            el la los las un una unos unas lo mi mis tu tus su sus nuestro nuestra este esta estos estas ese esa yo él \
            ella nosotros ellos ellas me te se nos le les no es son era fue ha han había está están muy más
            """),
        "it": LineBreakWords(
            """
            e ed o ma che perché anche quando dove se come mentre chi | a al alla ai alle di del della dei delle da dal \
            dalla in nel nella con su sul sulla per tra fra senza verso contro durante
            """,
            """
            il lo la i gli le un uno una mio mia tuo tua suo sua nostro nostra questo questa quel quella io tu lui lei \
            noi voi loro mi ti si ci vi non è sono era ha hanno aveva molto più
            """),
        "pt": LineBreakWords(
            """
            e ou mas que porque embora quando onde se como enquanto quem | a ao à de do da dos das em no na nos nas com \
            sem por pelo pela para sobre entre até desde contra durante
            """,
            """
            o os as um uma uns umas meu minha teu tua seu sua nosso nossa este esta esse essa eu tu ele ela nós eles \
            elas você me te lhe não é são era foi tem têm tinha está estão muito mais
            """),
        "nl": LineBreakWords(
            """
            en maar of want dat omdat als toen terwijl hoewel zodat voordat nadat wie die waar | in op aan bij met naar \
            van voor door tegen zonder om over onder tussen uit tot sinds tijdens
            """,
            """
            de het een mijn jouw je zijn haar ons onze hun dit deze ik jij hij zij ze wij we jullie is was waren heeft \
            hebben had wordt worden werd kan moet niet geen zeer te
            """),
    ]
}
