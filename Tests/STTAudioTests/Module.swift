enum STTAudioTestsModule {}
