enum RPCWireTestsModule {}
