enum STTEnginesTestsModule {}
