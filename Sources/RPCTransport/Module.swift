enum RPCTransportModule {}
