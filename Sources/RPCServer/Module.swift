enum RPCServerModule {}
