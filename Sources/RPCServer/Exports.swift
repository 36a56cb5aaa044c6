// A service that defines methods needs the errors, metadata and message sequences of the layers below.
@_exported public import RPCTLS
@_exported public import RPCTransport
@_exported public import RPCWire
