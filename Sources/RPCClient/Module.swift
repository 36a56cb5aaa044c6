enum RPCClientModule {}
