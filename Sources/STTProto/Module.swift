enum STTProtoModule {}
