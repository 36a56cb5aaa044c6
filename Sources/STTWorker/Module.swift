enum STTWorkerModule {}
