enum STTCoreModule {}
