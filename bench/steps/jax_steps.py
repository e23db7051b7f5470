"""JAX's contender: a jitted training step. usage: jax_steps.py MODEL BATCH SECONDS MODE (jit). Answers as round.h says."""
import statistics
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

random = np.random.default_rng(0)


def weight(*shape):
    return jnp.asarray(random.standard_normal(shape) * np.sqrt(2 / np.prod(shape[:-1])), jnp.float32)


def convolution(x, w, stride=1, padding=1):
    return lax.conv_general_dilated(x, w, (stride, stride), [(padding, padding)] * 2,
                                    dimension_numbers=("NHWC", "HWIO", "NHWC"))


def lenet5():
    sizes = [(5, 5, 1, 6), (5, 5, 6, 16), (400, 120), (120, 84), (84, 10)]
    parameters = [(weight(*s), jnp.zeros(s[-1])) for s in sizes]

    def forward(p, x):
        for (w, b), padding in zip(p[:2], (2, 0)):
            x = jax.nn.relu(convolution(x, w, 1, padding) + b)
            x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        x = x.reshape(x.shape[0], -1)
        for w, b in p[2:4]:
            x = jax.nn.relu(x @ w + b)
        return x @ p[4][0] + p[4][1]

    return parameters, forward, (28, 28, 1)


def resnet20():
    def layer(channels, out):
        return weight(3, 3, channels, out), jnp.ones(out), jnp.zeros(out)

    layers, strides, channels = [layer(3, 16)], [], 16
    for out in (16, 32, 64):
        for i in range(3):
            layers += [layer(channels, out), layer(out, out)]
            strides.append(2 if i == 0 and out > 16 else 1)
            channels = out

    def normalized(p, x, stride=1):
        x = convolution(x, p[0], stride)
        mean, var = x.mean((0, 1, 2)), x.var((0, 1, 2))
        return (x - mean) * lax.rsqrt(var + 1e-5) * p[1] + p[2]

    def forward(p, x):
        convolutions, (w, b) = p
        x = jax.nn.relu(normalized(convolutions[0], x))
        for i, stride in enumerate(strides):
            y = jax.nn.relu(normalized(convolutions[1 + 2 * i], x, stride))
            y = normalized(convolutions[2 + 2 * i], y)
            if stride == 2:
                side = x.shape[3] // 2
                x = jnp.pad(x[:, ::2, ::2], ((0, 0), (0, 0), (0, 0), (side, side)))
            x = jax.nn.relu(x + y)
        return x.mean((1, 2)) @ w + b

    return [layers, (weight(64, 10), jnp.zeros(10))], forward, (32, 32, 3)


def main():
    name, batch, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    parameters, forward, shape = lenet5() if name == "lenet5" else resnet20()
    x = jnp.asarray(random.standard_normal((batch, *shape)), jnp.float32)
    y = jnp.arange(batch) % 10
    momentum = jax.tree.map(jnp.zeros_like, parameters)

    @jax.jit
    def train(p, m):
        def loss(q):
            return -jnp.take_along_axis(jax.nn.log_softmax(forward(q, x)), y[:, None], 1).mean()

        value, gradient = jax.value_and_grad(loss)(p)
        m = jax.tree.map(lambda a, g: 0.9 * a + g, m, gradient)
        return jax.tree.map(lambda a, b: a - 0.001 * b, p, m), m, value

    for _ in range(3):
        parameters, momentum, value = train(parameters, momentum)
    value.block_until_ready()
    count = sum(leaf.size for leaf in jax.tree.leaves(parameters))
    print(f"ready parameters={count} jax {jax.__version__}", flush=True)
    for _ in sys.stdin:
        taken, start = [], time.process_time()
        while time.process_time() - start < seconds or len(taken) < 3:
            before = time.process_time()
            parameters, momentum, value = train(parameters, momentum)
            value.block_until_ready()
            taken.append(time.process_time() - before)
        print(f"step={statistics.median(taken):.9f}", flush=True)


main()
