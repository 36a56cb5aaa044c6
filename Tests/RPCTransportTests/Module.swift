enum RPCTransportTestsModule {}
