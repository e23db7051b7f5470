"""JAX's contender: a jitted training step. usage: jax_steps.py MODEL BATCH SECONDS MODE (jit). Answers as round.h says."""
import statistics
import sys
import time

import jax
import jax.numpy as jnp
import start
from jax import lax


def convolution(x, w, stride=1, padding=1):
    return lax.conv_general_dilated(x, w, (stride, stride), [(padding, padding)] * 2,
                                    dimension_numbers=("NHWC", "HWIO", "NHWC"))


def lenet5(weights):
    parameters = [(jnp.asarray(w), jnp.zeros(w.shape[-1])) for w in weights]

    def forward(p, x):
        for (w, b), padding in zip(p[:2], (2, 0)):
            x = jax.nn.relu(convolution(x, w, 1, padding) + b)
            x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        x = x.reshape(x.shape[0], -1)
        for w, b in p[2:4]:
            x = jax.nn.relu(x @ w + b)
        return x @ p[4][0] + p[4][1]

    return parameters, forward


def resnet20(weights):
    layers = [(jnp.asarray(w), jnp.ones(w.shape[-1]), jnp.zeros(w.shape[-1])) for w in weights[:-1]]
    strides = [2 if i in (3, 6) else 1 for i in range(9)]  # of the blocks

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

    return [layers, (jnp.asarray(weights[-1]), jnp.zeros(10))], forward


def main():
    name, batch, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    weights, images = start.channels_last(name, batch)
    parameters, forward = lenet5(weights) if name == "lenet5" else resnet20(weights)
    x = jnp.asarray(images)
    y = jnp.arange(batch) % 10
    momentum = jax.tree.map(jnp.zeros_like, parameters)

    @jax.jit
    def train(p, m):
        def loss(q):
            return -jnp.take_along_axis(jax.nn.log_softmax(forward(q, x)), y[:, None], 1).mean()

        value, gradient = jax.value_and_grad(loss)(p)
        m = jax.tree.map(lambda a, g: 0.9 * a + g, m, gradient)
        return jax.tree.map(lambda a, b: a - 0.001 * b, p, m), m, value

    losses = []
    for _ in range(start.STEPS):
        parameters, momentum, value = train(parameters, momentum)
        losses.append(float(value))
    count = sum(leaf.size for leaf in jax.tree.leaves(parameters))
    start.ready(count, f"jax {jax.__version__}", losses)
    for _ in sys.stdin:
        taken, began = [], time.process_time()
        while time.process_time() - began < seconds or len(taken) < 3:
            before = time.process_time()
            parameters, momentum, value = train(parameters, momentum)
            value.block_until_ready()
            taken.append(time.process_time() - before)
        print(f"step={statistics.median(taken):.9f}", flush=True)


main()
