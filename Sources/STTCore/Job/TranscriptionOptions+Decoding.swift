extension TranscriptionOptions {
    enum CodingKeys: String, CodingKey {
        case language, translate, prompt, temperature, wordTimestamps, segmentation, chunkSeconds, retentionSeconds
        case channels, model, carriesPrompt
    }

    /// What versions without channels, models and carried prompts stored is read too.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            language: try values.decodeIfPresent(String.self, forKey: .language),
            translate: try values.decode(Bool.self, forKey: .translate),
            prompt: try values.decodeIfPresent(String.self, forKey: .prompt),
            temperature: try values.decode(Double.self, forKey: .temperature),
            wordTimestamps: try values.decode(Bool.self, forKey: .wordTimestamps),
            segmentation: try values.decode(Segmentation.self, forKey: .segmentation),
            chunkSeconds: try values.decodeIfPresent(Double.self, forKey: .chunkSeconds),
            retentionSeconds: try values.decodeIfPresent(Int.self, forKey: .retentionSeconds),
            channels: try values.decodeIfPresent(Channels.self, forKey: .channels) ?? .mixed,
            model: try values.decodeIfPresent(String.self, forKey: .model),
            carriesPrompt: try values.decodeIfPresent(Bool.self, forKey: .carriesPrompt) ?? false)
    }
}
