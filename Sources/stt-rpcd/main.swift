print("stt-rpcd")
