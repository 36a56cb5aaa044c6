// A program that makes calls needs the errors, metadata and message sequences of the layers below.
@_exported public import RPCTLS
@_exported public import RPCTransport
@_exported public import RPCWire
