enum STTAudioModule {}
