enum STTCoreTestsModule {}
