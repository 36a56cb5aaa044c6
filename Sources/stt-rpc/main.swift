print("stt-rpc")
