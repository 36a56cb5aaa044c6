enum STTTestKitModule {}
