enum STTClientModule {}
