enum STTServiceModule {}
