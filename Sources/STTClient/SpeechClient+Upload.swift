internal import STTProto

extension SpeechClient {
    /// Begins to send a recording, and tells what becomes of it meanwhile.
    ///
    /// With ``SubmissionOptions/transcribesWhileUploading`` the first partials come while the upload goes on. For the rest
    /// like ``submit(file:options:progress:)``.
    public func upload(
        file path: String, options: SubmissionOptions = .init(),
        progress: (@Sendable (UploadProgress) -> Void)? = nil
    ) -> Upload {
        Upload(self) { whenBegun throws(SpeechError) in
            try await self.submit(try FileSource(path: path), options, progress, whenBegun: whenBegun)
        }
    }

    /// The same with the bytes of an audio file in memory.
    public func upload(
        bytes: [UInt8], options: SubmissionOptions = .init(), progress: (@Sendable (UploadProgress) -> Void)? = nil
    ) -> Upload {
        Upload(self) { whenBegun throws(SpeechError) in
            try await self.submit(
                BytesSource(bytes: bytes, filename: ""), options, progress, whenBegun: whenBegun)
        }
    }

    /// The same with bytes that are made while they are sent.
    /// - Parameter byteCount: All bytes together; without it nothing is transcribed before the last one.
    public func upload<Bytes: AsyncSequence & Sendable>(
        stream bytes: Bytes, byteCount: Int?, options: SubmissionOptions = .init(),
        progress: (@Sendable (UploadProgress) -> Void)? = nil
    ) -> Upload where Bytes.Element == [UInt8] {
        Upload(self) { whenBegun throws(SpeechError) in
            try await self.submit(
                SequenceSource(bytes: bytes, filename: "", byteCount: byteCount), options, progress,
                whenBegun: whenBegun)
        }
    }

    /// The same with a recording that the server fetches.
    public func upload(url: String, options: SubmissionOptions = .init()) -> Upload {
        Upload(self) { _ throws(SpeechError) in try await self.submit(url: url, options: options) }
    }

    /// The same with a recording in the server's object store.
    public func upload(objectKey key: String, options: SubmissionOptions = .init()) -> Upload {
        Upload(self) { _ throws(SpeechError) in try await self.submit(objectKey: key, options: options) }
    }
}
