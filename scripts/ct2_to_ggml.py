#!/usr/bin/env python3
"""Convert a CTranslate2 Whisper model to whisper.cpp's ggml format.

    ct2_to_ggml.py HEADER MODEL_BIN OUT

HEADER     a ggml file of the same model size, whose hyper-parameters, mel filters and vocabulary are copied.
           whisper.cpp ships such files without weights: models/for-tests-ggml-*.bin.
MODEL_BIN  the CTranslate2 model (binary version 6, float16 weights).
OUT        the ggml file to write. It appears only when it is complete.

The conversion is lossless: float16 weights are copied byte for byte, and what ggml keeps as float32 (biases, layer
norms, positional embeddings) is widened. The two formats differ in three ways:

* CTranslate2 fuses query, key and value of self-attention into one matrix, and key and value of cross-attention.
* CTranslate2 stores a bias for the key, which Whisper's key projection does not have. It must be all zeros.
* ggml writes shapes with the fastest-running dimension first.

Needs nothing but the standard library.
"""

import argparse
import os
import struct
import sys
from dataclasses import dataclass
from typing import BinaryIO

GGML_MAGIC = 0x67676D6C
CT2_BINARY_VERSION = 6
CT2_TYPE_NAMES = {0: "float32", 1: "int8", 2: "int16", 3: "int32", 4: "float16", 5: "bfloat16"}
CT2_FLOAT16 = 4
GGML_F32, GGML_F16 = 0, 1


class ConversionError(Exception):
    """An input that this converter cannot turn into a model, with the reason."""


@dataclass(frozen=True)
class Header:
    """The part of a ggml file that precedes the weights."""

    data: bytes
    audio_state: int
    audio_layers: int
    text_state: int
    text_layers: int


@dataclass(frozen=True)
class Tensor:
    """A float16 tensor; `data` is little-endian and row-major."""

    shape: tuple[int, ...]
    data: memoryview

    def rows(self, start: int, stop: int) -> "Tensor":
        """The slice [start, stop) along the first dimension."""
        row_bytes = len(self.data) // self.shape[0]
        return Tensor((stop - start, *self.shape[1:]), self.data[start * row_bytes : stop * row_bytes])

    def is_zero(self) -> bool:
        return not any(self.data)

    def as_float32(self) -> bytes:
        count = len(self.data) // 2
        return struct.pack(f"<{count}f", *struct.unpack(f"<{count}e", self.data))


def read_header(path: str) -> Header:
    with open(path, "rb") as file:
        data = file.read()
    try:
        magic, _, _, audio_state, _, audio_layers, _, text_state, _, text_layers, _, _ = struct.unpack_from("<12i", data)
        if magic != GGML_MAGIC:
            raise ConversionError(f"{path}: not a ggml model (magic {magic & 0xFFFFFFFF:#x})")
        end = 12 * 4
        mel_bands, mel_bins = struct.unpack_from("<2i", data, end)
        end += 8 + 4 * mel_bands * mel_bins
        (tokens,) = struct.unpack_from("<i", data, end)
        end += 4
        for _ in range(tokens):
            (length,) = struct.unpack_from("<I", data, end)
            end += 4 + length
    except struct.error as error:
        raise ConversionError(f"{path}: truncated ggml header") from error
    if end > len(data):
        raise ConversionError(f"{path}: truncated ggml header ({len(data)} bytes of at least {end})")
    return Header(data[:end], audio_state, audio_layers, text_state, text_layers)


def read_ct2(path: str) -> dict[str, Tensor]:
    """All float16 variables of a CTranslate2 model by name; variables of other types are left out."""
    with open(path, "rb") as file:
        data = memoryview(file.read())
    at = 0

    def unpack(layout: str) -> tuple:
        nonlocal at
        values = struct.unpack_from(layout, data, at)
        at += struct.calcsize(layout)
        return values

    def string() -> str:
        nonlocal at
        (length,) = unpack("<H")
        text = bytes(data[at : at + length - 1]).decode()
        at += length
        return text

    tensors: dict[str, Tensor] = {}
    try:
        (version,) = unpack("<I")
        if version != CT2_BINARY_VERSION:
            raise ConversionError(f"{path}: CTranslate2 binary version {version}, expected {CT2_BINARY_VERSION}")
        spec = string()
        if spec != "WhisperSpec":
            raise ConversionError(f"{path}: this is a {spec or 'nameless'} model, expected a WhisperSpec")
        _, variables = unpack("<II")
        for _ in range(variables):
            name = string()
            (rank,) = unpack("<B")
            shape = unpack(f"<{rank}I")
            type_id, size = unpack("<BI")
            if at + size > len(data):
                raise ConversionError(f"{path}: truncated in variable {name}")
            if type_id == CT2_FLOAT16:
                tensors[name] = Tensor(shape, data[at : at + size])
            elif name.endswith(("/weight", "/bias")):
                kind = CT2_TYPE_NAMES.get(type_id, f"type {type_id}")
                raise ConversionError(f"{path}: {name} is {kind}; only float16 models can be converted")
            at += size
    except (struct.error, UnicodeDecodeError) as error:
        raise ConversionError(f"{path}: not a CTranslate2 model, or truncated ({error})") from error
    return tensors


class Converter:
    """Writes the tensors of one model under ggml's names."""

    def __init__(self, header: Header, tensors: dict[str, Tensor], output: BinaryIO):
        self.header = header
        self.tensors = tensors
        self.output = output

    def convert(self) -> None:
        self.output.write(self.header.data)
        self._stem()
        self._stack("encoder", "encoder.ln_post", self.header.audio_layers, self.header.audio_state)
        self._stack("decoder", "decoder.ln", self.header.text_layers, self.header.text_state)

    def _stem(self) -> None:
        self._put("encoder.positional_embedding", self._get("encoder/position_encodings/encodings"), wide=True)
        for conv in ("conv1", "conv2"):
            self._put(f"encoder.{conv}.weight", self._get(f"encoder/{conv}/weight"))
            bias = self._get(f"encoder/{conv}/bias")
            # whisper.cpp adds it to a matrix, so it is a column there.
            self._put(f"encoder.{conv}.bias", Tensor((bias.shape[0], 1), bias.data), wide=True)
        self._put("decoder.positional_embedding", self._get("decoder/position_encodings/encodings"), wide=True)
        self._put("decoder.token_embedding.weight", self._get("decoder/embeddings/weight"))

    def _stack(self, side: str, final_norm: str, layers: int, width: int) -> None:
        if f"{side}/layer_{layers}/ffn/linear_0/weight" in self.tensors:
            raise ConversionError(f"the model has more {side} layers than the header's {layers}")
        self._norm(f"{side}/layer_norm", final_norm)
        for index in range(layers):
            source, target = f"{side}/layer_{index}", f"{side}.blocks.{index}"
            self._self_attention(f"{source}/self_attention", f"{target}.attn", width)
            self._norm(f"{source}/self_attention/layer_norm", f"{target}.attn_ln")
            if side == "decoder":
                self._cross_attention(f"{source}/attention", f"{target}.cross_attn", width)
                self._norm(f"{source}/attention/layer_norm", f"{target}.cross_attn_ln")
            self._linear(f"{source}/ffn/linear_0", f"{target}.mlp.0")
            self._linear(f"{source}/ffn/linear_1", f"{target}.mlp.2")
            self._norm(f"{source}/ffn/layer_norm", f"{target}.mlp_ln")

    def _self_attention(self, source: str, target: str, width: int) -> None:
        self._split(f"{source}/linear_0", target, ("query", "key", "value"), width)
        self._linear(f"{source}/linear_1", f"{target}.out")

    def _cross_attention(self, source: str, target: str, width: int) -> None:
        self._linear(f"{source}/linear_0", f"{target}.query")
        self._split(f"{source}/linear_1", target, ("key", "value"), width)
        self._linear(f"{source}/linear_2", f"{target}.out")

    def _split(self, source: str, target: str, parts: tuple[str, ...], width: int) -> None:
        """Writes the `parts` that are fused in `source`, each `width` rows, in that order."""
        weight, bias = self._get(f"{source}/weight"), self._get(f"{source}/bias")
        if weight.shape[0] != len(parts) * width:
            raise ConversionError(f"{source}/weight has {weight.shape[0]} rows; the header says {len(parts)} x {width}")
        for index, part in enumerate(parts):
            start, stop = index * width, (index + 1) * width
            self._put(f"{target}.{part}.weight", weight.rows(start, stop))
            part_bias = bias.rows(start, stop)
            if part != "key":
                self._put(f"{target}.{part}.bias", part_bias)
            elif not part_bias.is_zero():
                raise ConversionError(f"{source}/bias: the key has a bias, which ggml cannot hold")

    def _linear(self, source: str, target: str) -> None:
        self._put(f"{target}.weight", self._get(f"{source}/weight"))
        self._put(f"{target}.bias", self._get(f"{source}/bias"))

    def _norm(self, source: str, target: str) -> None:
        self._put(f"{target}.weight", self._get(f"{source}/gamma"))
        self._put(f"{target}.bias", self._get(f"{source}/beta"))

    def _get(self, name: str) -> Tensor:
        try:
            return self.tensors[name]
        except KeyError:
            raise ConversionError(f"the model has no variable {name}") from None

    def _put(self, name: str, tensor: Tensor, wide: bool = False) -> None:
        """Writes one tensor: float32 when it has one dimension or is `wide`, else float16."""
        wide = wide or len(tensor.shape) == 1
        encoded = name.encode()
        self.output.write(struct.pack("<3i", len(tensor.shape), len(encoded), GGML_F32 if wide else GGML_F16))
        self.output.write(struct.pack(f"<{len(tensor.shape)}i", *reversed(tensor.shape)))
        self.output.write(encoded)
        self.output.write(tensor.as_float32() if wide else tensor.data)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], epilog="See the head of this file for what HEADER is and where to get it."
    )
    parser.add_argument("header", metavar="HEADER", help="ggml file with the model's hyper-parameters and vocabulary")
    parser.add_argument("model", metavar="MODEL_BIN", help="CTranslate2 model.bin, float16")
    parser.add_argument("output", metavar="OUT", help="ggml file to write")
    arguments = parser.parse_args()

    partial = f"{arguments.output}.{os.getpid()}.partial"
    try:
        header, tensors = read_header(arguments.header), read_ct2(arguments.model)
        with open(partial, "wb") as output:
            Converter(header, tensors, output).convert()
        os.replace(partial, arguments.output)
    except (ConversionError, OSError) as error:
        print(f"ct2_to_ggml: {error}", file=sys.stderr)
        return 1
    finally:
        if os.path.exists(partial):
            os.unlink(partial)
    return 0


if __name__ == "__main__":
    sys.exit(main())
