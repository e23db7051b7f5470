"""Where every contender starts: the weights and the batch that Fanin's wrote, so that their losses can be compared.

The file FANIN_BENCH_START is float32 without a header: the weights of convolutions (out, in, h, w) and linear layers
(out, in) in the network's order, then the batch's images (n, c, h, w). Labels are i mod 10, biases 0, scales 1.
"""
import os

import numpy as np

LENET5 = [(6, 1, 5, 5), (16, 6, 5, 5), (120, 400), (84, 120), (10, 84)]
RESNET20 = [(16, 3, 3, 3)] + [(16, 16, 3, 3)] * 6 + [(32, 16, 3, 3)] + [(32, 32, 3, 3)] * 5 + \
    [(64, 32, 3, 3)] + [(64, 64, 3, 3)] * 5 + [(10, 64)]
STEPS = 4  # losses that are compared


def read(name, batch):
    """The weights and the images."""
    values = np.fromfile(os.environ["FANIN_BENCH_START"], np.float32)
    weights = []
    for shape in LENET5 if name == "lenet5" else RESNET20:
        weights.append(values[: np.prod(shape)].reshape(shape))
        values = values[np.prod(shape):]
    return weights, values.reshape(batch, *((1, 28, 28) if name == "lenet5" else (3, 32, 32)))


def channels_last(name, batch):
    """The same as (h, w, in, out), (in, out) and (n, h, w, c), as TensorFlow and JAX take them."""
    weights, images = read(name, batch)
    if name == "lenet5":  # flattened as (h, w, c)
        weights[2] = weights[2].reshape(120, 16, 5, 5).transpose(0, 2, 3, 1).reshape(120, 400)
    turned = [w.transpose(2, 3, 1, 0) if w.ndim == 4 else w.T for w in weights]
    return [np.ascontiguousarray(w) for w in turned], np.ascontiguousarray(images.transpose(0, 2, 3, 1))


def ready(parameters, library, losses):
    print(f"ready parameters={parameters} losses={','.join(f'{float(x):.6f}' for x in losses)} {library}", flush=True)
