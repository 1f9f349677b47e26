"""An onnx file of YuNet's inputs and outputs that takes each white block of 8 x 8 pixels for a face of 40 x 48 pixels."""

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

STRIDES = (8, 16, 32)
CHANNELS = dict(cls=1, obj=1, bbox=4, kps=10)
BOX = (40, 48)
POINTS = [(-8, -6), (8, -5), (0, 2), (-6, 10), (6, 11)]  # from the left upper corner of the block


def made_yunet(path):
    nodes, constants = [], []

    def constant(name, values):
        constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    for stride in STRIDES:
        for part, channels in CHANNELS.items():
            weight = np.zeros((channels, 3, stride, stride), np.float32)
            bias = np.zeros(channels, np.float32)
            if part in ('cls', 'obj'):  # sigmoid(-10) or, where all is white at stride 8, sigmoid(10)
                bias[:] = -10
                if stride == 8:
                    weight[:] = 20 / (255 * 3 * 64)
            elif part == 'bbox':  # centre, and logarithm of the size, in strides
                bias[2:] = np.log(np.array(BOX) / stride)
            else:
                bias[:] = np.array(POINTS).ravel() / stride
            name = f'{part}_{stride}'
            inputs = ['input', constant(f'w_{name}', weight), constant(f'b_{name}', bias)]
            nodes.append(
                helper.make_node('Conv', inputs, [f'map_{name}'], strides=[stride] * 2, kernel_shape=[stride] * 2)
            )
            last = f'map_{name}'
            if part in ('cls', 'obj'):
                nodes.append(helper.make_node('Sigmoid', [last], [f'p_{name}']))
                last = f'p_{name}'
            nodes.append(helper.make_node('Transpose', [last], [f't_{name}'], perm=[0, 2, 3, 1]))
            shape = constant(f's_{name}', np.array([1, -1, channels], np.int64))
            nodes.append(helper.make_node('Reshape', [f't_{name}', shape], [name]))
    picture = helper.make_tensor_value_info('input', TensorProto.FLOAT, [1, 3, 640, 640])
    outputs = [
        helper.make_tensor_value_info(f'{part}_{stride}', TensorProto.FLOAT, [1, (640 // stride) ** 2, channels])
        for part, channels in CHANNELS.items()
        for stride in STRIDES
    ]
    graph = helper.make_graph(nodes, 'made', [picture], outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 12)], ir_version=7)
    checker.check_model(model)
    save(model, str(path))
    return str(path)
