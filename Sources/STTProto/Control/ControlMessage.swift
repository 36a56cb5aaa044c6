/// The payloads of the RPC layer's own frames, `stt.rpc.v1`. `docs/PROTOCOL.md` says when each is sent.
public enum ControlMessage {}
