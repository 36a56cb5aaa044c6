import STTCore

extension ChunkAudio {
    /// The part between two positions in the spliced audio.
    func slice(_ range: Range<Int>) -> ChunkAudio {
        var pieces: [Range<Int>] = []
        var offset = 0
        for piece in self.pieces {
            let part = range.clamped(to: offset..<offset + piece.count)
            if !part.isEmpty {
                let start = piece.lowerBound + part.lowerBound - offset
                pieces.append(start..<start + part.count)
            }
            offset += piece.count
        }
        return ChunkAudio(channels: channels.map { Array($0[range.clamped(to: $0.indices)]) }, pieces: pieces)
    }

    /// Two halves, cut where all channels together are quietest. One, where there is too little to cut.
    var halves: [ChunkAudio] {
        let middle = QuietestPoint.inMiddle(of: channels.count == 1 ? channels[0] : mixed)
        return [0..<middle, middle..<sampleCount].filter { !$0.isEmpty }.map(slice)
    }

    private var mixed: [Int16] {
        (0..<sampleCount).map { index in
            Int16(clamping: channels.reduce(0) { $0 + abs(Int($1[index])) })
        }
    }
}
