import CSndFile

/// Names for libsndfile's format numbers.
enum SndFileFormat {
    /// Container and codec, such as `WAV/PCM_16`.
    static func name(_ format: Int32) -> String {
        let container = containers[Int(format) & Int(SF_FORMAT_TYPEMASK)] ?? "libsndfile"
        let codec = codecs[Int(format) & Int(SF_FORMAT_SUBMASK)] ?? "unknown"
        return "\(container)/\(codec)"
    }

    private static let containers: [Int: String] = [
        SF_FORMAT_WAV: "WAV", SF_FORMAT_WAVEX: "WAV", SF_FORMAT_RF64: "RF64", SF_FORMAT_W64: "W64",
        SF_FORMAT_AIFF: "AIFF", SF_FORMAT_AU: "AU", SF_FORMAT_FLAC: "FLAC", SF_FORMAT_OGG: "OGG",
        SF_FORMAT_MPEG: "MPEG", SF_FORMAT_CAF: "CAF", SF_FORMAT_NIST: "NIST", SF_FORMAT_VOC: "VOC",
        SF_FORMAT_IRCAM: "IRCAM",
    ].mapKeys()

    private static let codecs: [Int: String] = [
        SF_FORMAT_PCM_S8: "PCM_S8", SF_FORMAT_PCM_U8: "PCM_U8", SF_FORMAT_PCM_16: "PCM_16",
        SF_FORMAT_PCM_24: "PCM_24", SF_FORMAT_PCM_32: "PCM_32", SF_FORMAT_FLOAT: "FLOAT", SF_FORMAT_DOUBLE: "DOUBLE",
        SF_FORMAT_ULAW: "ULAW", SF_FORMAT_ALAW: "ALAW", SF_FORMAT_IMA_ADPCM: "IMA_ADPCM",
        SF_FORMAT_MS_ADPCM: "MS_ADPCM", SF_FORMAT_GSM610: "GSM610", SF_FORMAT_G721_32: "G721",
        SF_FORMAT_G723_24: "G723", SF_FORMAT_G723_40: "G723", SF_FORMAT_VORBIS: "VORBIS", SF_FORMAT_OPUS: "OPUS",
        SF_FORMAT_ALAC_16: "ALAC", SF_FORMAT_ALAC_20: "ALAC", SF_FORMAT_ALAC_24: "ALAC", SF_FORMAT_ALAC_32: "ALAC",
        SF_FORMAT_MPEG_LAYER_I: "MP1", SF_FORMAT_MPEG_LAYER_II: "MP2", SF_FORMAT_MPEG_LAYER_III: "MP3",
    ].mapKeys()
}

extension Dictionary where Key: BinaryInteger, Value == String {
    fileprivate func mapKeys() -> [Int: String] {
        reduce(into: [:]) { $0[Int($1.key)] = $1.value }
    }
}
