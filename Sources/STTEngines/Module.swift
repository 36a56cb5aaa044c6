enum STTEnginesModule {}
