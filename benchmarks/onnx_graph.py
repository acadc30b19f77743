"""A network's layers as an ONNX graph, for benchmarks/against_runtimes.py.

Photos lie in ONNX channels first, (1, 3, rows, columns), so the graph turns its input round, and turns back where a
layer flattens: its rows of weights are counted channels last. It has every layer that the page's networks may have, one
node each as far as ONNX has one; putting them together is left to the runtime.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 18  # the newest in which every node here is as it is below
IR_VERSION = 9
CHANNELS_FIRST, CHANNELS_LAST = (0, 3, 1, 2), (0, 2, 3, 1)
NOTHING_AT_INFERENCE = ("Dropout", "SpatialDropout2D", "GaussianNoise")
ACTIVATIONS = {"relu": "Relu", "sigmoid": "Sigmoid", "softmax": "Softmax", "tanh": "Tanh"}
OF_SEVERAL = {"Add": "Add", "Multiply": "Mul"}


def onnx_graph_of(network: Any) -> bytes:
    """The whole network as an ONNX model: input `photo` (1, rows, columns, 3), output `probabilities`."""
    graph = _Graph()
    [photo], [probabilities] = network.inputs, network.outputs
    values = {id(photo): graph.node("Transpose", ["photo"], perm=CHANNELS_FIRST)}
    for depth in sorted(network._nodes_by_depth, reverse=True):
        for node in network._nodes_by_depth[depth]:
            if not node.is_input:
                inputs = [values[id(tensor)] for tensor in node.keras_inputs]
                values[id(node.outputs)] = graph.layer(node.layer, inputs)
    graph.nodes.append(helper.make_node("Identity", [values[id(probabilities)]], ["probabilities"]))
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            network.name,
            [helper.make_tensor_value_info("photo", TensorProto.FLOAT, [1, *photo.shape[1:]])],
            [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [1, probabilities.shape[1]])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


class _Graph:
    """Nodes and constants as they come; every method gives the name of its result."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def node(self, kind: str, inputs: list[str], **attributes: Any) -> str:
        name = f"value{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def constant(self, values: Any) -> str:
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def layer(self, layer: Any, inputs: list[str]) -> str:
        """One layer, its activation included."""
        kind = type(layer).__name__
        if kind in NOTHING_AT_INFERENCE:
            return inputs[0]
        if kind in OF_SEVERAL:
            result = inputs[0]
            for other in inputs[1:]:
                result = self.node(OF_SEVERAL[kind], [result, other])
            return result
        make = getattr(self, f"_{kind.lower()}", None)
        if make is None:
            raise SystemExit(f"the layer {layer.name} is a {kind}: benchmarks/onnx_graph.py has none of that kind yet")
        return str(make(layer, *inputs))

    def _activation(self, layer: Any, value: str) -> str:
        name = layer.activation.__name__
        if name == "linear":
            return value
        if name not in ACTIVATIONS:
            raise SystemExit(
                f"the activation of {layer.name} is {name}: benchmarks/onnx_graph.py has none of that kind yet"
            )
        return self.node(ACTIVATIONS[name], [value])

    def _relu(self, layer: Any, value: str) -> str:
        if layer.negative_slope or layer.threshold:
            raise SystemExit(f"{layer.name} is not the plain ReLU that benchmarks/onnx_graph.py has")
        if layer.max_value is None:
            return self.node("Relu", [value])
        return self.node("Clip", [value, self.constant(np.float32(0)), self.constant(np.float32(layer.max_value))])

    def _rescaling(self, layer: Any, value: str) -> str:
        scaled = self.node("Mul", [value, self.constant(np.float32(layer.scale))])
        return self.node("Add", [scaled, self.constant(np.float32(layer.offset))])

    def _conv2d(self, layer: Any, value: str) -> str:
        kernel, *bias = layer.get_weights()  # (rows, columns, in, out)
        return self._convolution(layer, value, kernel.transpose(3, 2, 0, 1), bias, layer.groups)

    def _depthwiseconv2d(self, layer: Any, value: str) -> str:
        kernel, *bias = layer.get_weights()  # (rows, columns, in, multiplier)
        rows, columns, channels, multiplier = kernel.shape
        kernel = kernel.transpose(2, 3, 0, 1).reshape(channels * multiplier, 1, rows, columns)
        return self._convolution(layer, value, kernel, bias, channels)

    def _convolution(
        self, layer: Any, value: str, kernel: NDArray[np.float32], bias: list[NDArray[np.float32]], groups: int
    ) -> str:
        inputs = [value, self.constant(kernel), *(self.constant(part) for part in bias)]
        window = {"kernel_shape": kernel.shape[2:], "dilations": layer.dilation_rate, **_places(layer)}
        return self._activation(layer, self.node("Conv", inputs, group=groups, **window))

    def _batchnormalization(self, layer: Any, value: str) -> str:
        mean, variance = layer.moving_mean.numpy(), layer.moving_variance.numpy()
        scale = layer.gamma.numpy() if layer.scale else np.ones_like(mean)
        offset = layer.beta.numpy() if layer.center else np.zeros_like(mean)
        inputs = [value, *map(self.constant, (scale, offset, mean, variance))]
        return self.node("BatchNormalization", inputs, epsilon=layer.epsilon)

    def _maxpooling2d(self, layer: Any, value: str) -> str:
        return self.node("MaxPool", [value], kernel_shape=layer.pool_size, **_places(layer))

    def _averagepooling2d(self, layer: Any, value: str) -> str:
        return self.node("AveragePool", [value], kernel_shape=layer.pool_size, **_places(layer))

    def _globalaveragepooling2d(self, layer: Any, value: str) -> str:
        pooled = self.node("GlobalAveragePool", [value])
        return pooled if layer.keepdims else self.node("Flatten", [pooled])

    def _zeropadding2d(self, layer: Any, value: str) -> str:
        (top, bottom), (left, right) = layer.padding
        pads = np.array([0, 0, top, left, 0, 0, bottom, right], np.int64)
        return self.node("Pad", [value, self.constant(pads)])

    def _flatten(self, layer: Any, value: str) -> str:
        if len(layer.input_shape) == 4:
            value = self.node("Transpose", [value], perm=CHANNELS_LAST)
        return self.node("Flatten", [value])

    def _reshape(self, layer: Any, value: str) -> str:
        shape = layer.output_shape[1:]
        if len(layer.input_shape) != 2 or len(shape) != 3 or shape[:2] != (1, 1):
            raise SystemExit(f"{layer.name}: benchmarks/onnx_graph.py reshapes channels to one cell and nothing else")
        return self.node("Reshape", [value, self.constant(np.array([1, shape[2], 1, 1], np.int64))])

    def _dense(self, layer: Any, value: str) -> str:
        inputs = [value, *map(self.constant, layer.get_weights())]
        return self._activation(layer, self.node("Gemm", inputs))


def _places(layer: Any) -> dict[str, Any]:
    padding = "SAME_UPPER" if layer.padding == "same" else "VALID"
    return {"strides": layer.strides, "auto_pad": padding}
