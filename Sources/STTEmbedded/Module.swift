enum STTEmbeddedModule {}
