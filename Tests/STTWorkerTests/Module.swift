enum STTWorkerTestsModule {}
