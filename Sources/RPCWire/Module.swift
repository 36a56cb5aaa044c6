enum RPCWireModule {}
