enum PortContractTestsModule {}
