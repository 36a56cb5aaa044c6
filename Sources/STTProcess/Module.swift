enum STTProcessModule {}
